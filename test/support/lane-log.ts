// Logs of one lane for the tests, and what they should become, computed the plain way.
import { SCHEMAS_DIRECTORY, loadCatalog } from "../../contracts/schema/catalog.ts";
import { MINUTE } from "../../contracts/names/measurements.ts";
import { ContractLayouts } from "../../cloud/aggregator/contract-layout.ts";
import {
  type FrameOutcome,
  LaneAggregate,
  type LaneBounds,
} from "../../cloud/aggregator/lane-aggregate.ts";
import type { AggregatorPosition } from "../../cloud/aggregator/position.ts";
import { RegionLines } from "../../cloud/sinks/influx/lines.ts";
import type { SinkItem, StoredReading, StoredRollup } from "../../cloud/sinks/sink.ts";
import { type FrameReading, decodeFrame } from "../../contracts/messages/frame.ts";
import { tagsOf } from "../../contracts/messages/series.ts";
import type { Hole, LaneState } from "../../platform/nats/lanes/lane.ts";
import { judgeCounted } from "../../platform/nats/lanes/lane-tally.ts";

export const CATALOG = loadCatalog(SCHEMAS_DIRECTORY);
export const MINUTE_MS = MINUTE.sizeMs;
export const LAYOUTS = new ContractLayouts(CATALOG, "eu");
const LINES = new RegionLines("eu");

/** Readings and rollups as lines, readings first. */
export const linesOf = ({
  readings = [],
  rollups = [],
}: Partial<Pick<SinkItem, "readings" | "rollups">>): string[] => [
  ...readings.map((reading) => LINES.reading(reading)),
  ...rollups.map((rollup) => LINES.rollup(rollup)),
];

export interface LoggedFrame {
  readonly seq: number;
  readonly storeMs: number;
  readonly data: Uint8Array;
}

/** A lane's aggregate that is fed from a log, as the lane operator does it. */
export class LoggedAggregate extends LaneAggregate {
  #state: LaneState;

  constructor(layouts: ContractLayouts, from: AggregatorPosition, bounds?: LaneBounds) {
    super(layouts, from, bounds);
    this.#state = from.lane;
  }

  applyLogged({ seq, storeMs, data }: LoggedFrame): FrameOutcome | { kind: "hole"; hole: Hole } {
    const before = this.#state;
    const frame = decodeFrame(data);
    const verdict = judgeCounted(before, frame, storeMs, this.joinsAt(storeMs));
    if (verdict.kind === "hole") return verdict;
    const repeated = verdict.kind === "repeated";
    const after = repeated ? before : verdict.state;
    const outcome = this.apply({ seq, storeMs, frame, before, after, repeated });
    if (outcome.kind === "effects" || outcome.kind === "nothing") this.#state = after;
    return outcome;
  }
}

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

/** The points that an InfluxDB would hold: the key of a point is its measurement, tags and time. */
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

  readings(contract: string, device: string): StoredReading[] {
    return this.#points(contract, device).map(({ tags, timeMs, values }) => ({
      device,
      eventMs: timeMs,
      payload: { ...values, ...tags, device },
    }));
  }

  finals(measurement: string, device: string, seriesTags: readonly string[]): StoredRollup[] {
    return this.#points(measurement, device).map(({ tags, timeMs, values }) => ({
      tags: tagsOf(tags, seriesTags),
      startMs: timeMs,
      revision: values["revision"]!,
      values,
    }));
  }

  #points(measurement: string, device: string) {
    const begin = `${measurement},region=eu,device=${device}`;
    return [...this.points].flatMap(([key, line]) => {
      if (!key.startsWith(begin)) return [];
      const [head = "", time = ""] = key.split(" ");
      const [name, ...of] = head.split(",");
      const tags = Object.fromEntries(of.map((tag) => tag.split("=") as [string, string]));
      if (name !== measurement || tags["device"] !== device) return [];
      const { fields: values } = parseLine(`${head} ${line} ${time}`);
      return [{ tags, timeMs: Number(time.slice(0, -6)), values }];
    });
  }

  get allFinals(): ParsedLine[] {
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

const FINAL = /^[a-z]+_(1m|10s),/;
