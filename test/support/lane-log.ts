// Logs of one lane for the tests, and what they should become, computed the plain way.
import { SCHEMAS_DIRECTORY, loadCatalog } from "../../contracts/schema/catalog.ts";
import { MINUTE } from "../../contracts/names/measurements.ts";
import { Plans } from "../../cloud/aggregator/plan.ts";
import type { Row } from "../../cloud/sinks/influx/client.ts";
import type { FrameReading } from "../../contracts/messages/frame.ts";

export const CATALOG = loadCatalog(SCHEMAS_DIRECTORY);
export const MINUTE_MS = MINUTE.sizeMs;
export const PLANS = new Plans(CATALOG, "eu");

export const environment = (
  device: string,
  seq: number,
  ts: number | null,
  co2 = seq,
  receivedAtMs = ts ?? 0,
): FrameReading => ({
  device,
  contract: "environment",
  version: 1,
  receivedAtMs,
  traceparent: null,
  payload: {
    ...(ts === null ? {} : { ts }),
    seq,
    temperature: 21.5,
    humidity: 40,
    light: 0,
    co2,
    occupancy: 1,
  },
});

export interface ParsedLine {
  readonly measurement: string;
  readonly tags: string;
  readonly fields: Readonly<Record<string, number>>;
  readonly time: string;
}

/** Reads lines whose tags and strings hold nothing that needs escaping. */
export function parseLine(line: string): ParsedLine {
  const [head = "", body = "", time = ""] = line.split(" ");
  const [measurement = "", ...tags] = head.split(",");
  const fields = body.split(",").map((field): [string, number] => {
    const [key = "", value = ""] = field.split("=");
    return [key, Number(value.replace(/i$/, ""))];
  });
  return { measurement, tags: tags.join(","), fields: Object.fromEntries(fields), time };
}

/** What InfluxDB holds: the key of a point is its measurement, tags and time. */
export class Store {
  readonly points = new Map<string, string>();
  /** Finals that were written again with other values and the same revision. */
  readonly changedFinals: string[] = [];

  write(line: string): void {
    const [head = "", fields = "", time = ""] = line.split(" ");
    const key = `${head} ${time}`;
    const known = this.points.get(key);
    const revision = (of: string): string => of.slice(of.lastIndexOf(",revision="));
    if (FINAL.test(head) && known !== undefined && known !== fields)
      if (revision(known) === revision(fields))
        this.changedFinals.push(`${key}: ${known} became ${fields}`);
    this.points.set(key, fields);
  }

  /** Rows of one measurement and device, as InfluxQL answers. */
  rows(measurement: string, device: string): Row[] {
    return [...this.points].flatMap(([key, fields]) => {
      const [head = "", time = ""] = key.split(" ");
      if (head !== `${measurement},region=eu,device=${device}`) return [];
      const { fields: values } = parseLine(`${head} ${fields} ${time}`);
      return [{ ...values, device, time: new Date(Number(time.slice(0, -6))).toISOString() }];
    });
  }

  get finals(): ParsedLine[] {
    return [...this.points]
      .filter(([key]) => FINAL.test(key))
      .map(([key, fields]) => parseLine(key.replace(" ", ` ${fields} `)));
  }

  /** Everything but open rollups and how often finals were revised. */
  get lasting(): [string, string][] {
    return [...this.points]
      .filter(([key]) => !key.includes("_open,"))
      .map(([key, fields]): [string, string] => [key, fields.replace(/,revision=\d+i/, "")])
      .sort();
  }
}

const FINAL = /^environment_(1m|10s),/;
