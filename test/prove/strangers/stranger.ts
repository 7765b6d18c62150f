// Words of strangers: devices that behave as other people's do. A kind is one file in kinds/ and one line in
// kinds.ts; run.ts lets them live through the faults of the schedule, and tally.ts says what became of it.
import type { Alert } from "../../../contracts/messages/alert.ts";
import type { Reject } from "../../../contracts/messages/reject.ts";
import type { Row } from "../../../cloud/sinks/influx/client.ts";
import type { Region } from "../../../infra/local/places.ts";
import type { Client, ClientSpec } from "./client.ts";
import type { HttpClient } from "./http-client.ts";

/** One reading as a region's log holds it. */
export interface Heard {
  readonly contract: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly receivedAtMs: number;
}

export type StoredAlert = Alert & { readonly storeMs: number };

/** A time in which a region's gateway, log or engine was away, epoch ms. */
export interface Outage {
  readonly region: Region;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** Everything that the installation holds of a run, when it is over. */
export interface Evidence {
  /** Points of a series of InfluxDB. */
  readonly points: (of: { region: Region; contract: string; device: string }) => readonly Row[];
  readonly rejects: Readonly<Record<Region, readonly Reject[]>>;
  readonly alerts: Readonly<Record<Region, readonly StoredAlert[]>>;
  /** Readings of a device in the order of its lane. */
  readonly heard: (region: Region, device: string) => readonly Heard[];
  /** Starts of each region's gateway beyond the first. */
  readonly gatewayRestarts: Readonly<Record<Region, number>>;
  readonly outages: readonly Outage[];
}

/** The world as a stranger sees it. */
export interface World {
  readonly random: () => number;
  /** Aborted when the faults are over. */
  readonly over: AbortSignal;
  /** Waits, at most until the faults are over. */
  readonly pause: (ms: number) => Promise<void>;
  readonly client: (spec: ClientSpec) => Client;
  readonly http: (region: Region) => HttpClient;
  /** Alerts of a region by now. */
  readonly alerts: (region: Region) => Promise<readonly StoredAlert[]>;
  /** How often the aggregators counted that a device began its sequence anew. */
  readonly sequenceRestarts: (device: string) => Promise<number>;
}

export interface Stranger {
  /** Sends until the faults are over. */
  send(world: World): Promise<void>;
  /** Sends a last time, or waits for what has to be told, with every process there; throws if it is not. */
  atLast?(world: World): Promise<void>;
  /** The faults beside those of readings, rejects and rollups, a line each. */
  judge?(evidence: Evidence): string[];
}

/** All devices of strangers begin like this. */
export const STRANGERS = "stranger-";
