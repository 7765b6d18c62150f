// Logs of one lane for the tests, and what they should become, computed the plain way.
import { SCHEMAS_DIRECTORY, loadCatalog } from "../../../../contracts/catalog.ts";
import { MINUTE } from "../../../../contracts/measurements.ts";
import { Plans } from "../../../../cloud/aggregator/plan.ts";
import type { FrameReading } from "../../../../contracts/frame.ts";

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
