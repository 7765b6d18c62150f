// The live lane: what processes and gateways say about once a second on core NATS, kept nowhere. It is best
// effort: whoever reads it knows what was heard last and how long ago, and nothing rests on it.
import type { ProcessStatus } from "./status.ts";

/** A message on the live lane has at most this many bytes. */
export const LIVE_BYTES_MAX = 256 * 1024;
/** Rows of one digest; further ones are counted in `more`, and come in a later second. */
export const LIVE_ROWS_MAX = 2_000;
/** Time between two messages of one speaker. */
export const LIVE_EVERY_MS = 1_000;

/** Processes that have a connection to NATS. */
export type LiveKind = "gateway" | "alerting" | "aggregator" | "steward" | "notifier" | "console";

/** State of a process; on `live.{domain}.process.{kind}.{instance}`. */
export interface LiveProcess {
  readonly v: 1;
  readonly kind: LiveKind;
  /** One start of a process, or a process that keeps its name over restarts. */
  readonly instance: string;
  /** `hub` or a region. */
  readonly domain: string;
  readonly atMs: number;
  readonly startedMs: number;
  /** The version of its program, and the level of formats that it reads; 0.1.0 says neither. */
  readonly version?: string;
  readonly formatLevel?: number;
  /** The same as on `GET /status`; null where it is too large for a message. */
  readonly status: ProcessStatus | null;
  readonly vitals: ProcessVitals;
}

export interface ProcessVitals {
  readonly rssBytes: number;
  readonly heapUsedBytes: number;
  /** Delay of the event loop in the last ten seconds, 99th percentile. */
  readonly eventLoopP99Ms: number;
  /** Share of one core in the last ten seconds: 1 is all of it. */
  readonly cpuShare: number;
}

/** A reading as JSON has it; `values` is the payload as its device sent it. */
export type ReadingRow = readonly [
  device: string,
  contract: string,
  version: number,
  tsMs: number,
  receivedMs: number,
  topic: string | null,
  mapping: string | null,
  values: unknown,
];

/** The last reading of each device and contract that reported within a second. */
export interface ReadingsDigest {
  readonly v: 1;
  readonly gateway: string;
  readonly atMs: number;
  /** Readings admitted since the gateway started. */
  readonly total: number;
  readonly rows: readonly ReadingRow[];
  /** Further devices and contracts, for which there was no room this time. */
  readonly more: number;
}

export type TopicRow = readonly [
  topic: string,
  /** Messages since the topic was first seen, as far as it is remembered. */
  count: number,
  lastMs: number,
  /** The beginning of the payload: UTF-8, or `hex:` and digits. */
  payloadPreview: string,
  retained: boolean,
  device: string | null,
  mapping: string | null,
  /** The reason for which the last message was refused. */
  refused: string | null,
];

/** Topics that were published to within a second. */
export interface TopicsDigest {
  readonly v: 1;
  readonly gateway: string;
  readonly atMs: number;
  readonly rows: readonly TopicRow[];
  readonly more: number;
}

export type LiveEventKind =
  | "connect_refused"
  | "connected"
  | "connection_closed"
  | "reject"
  | "slowed_down"
  | "slow_consumer"
  | "session_queue";

export interface LiveEvent {
  readonly atMs: number;
  readonly kind: LiveEventKind;
  readonly clientId: string | null;
  readonly address: string | null;
  readonly device: string | null;
  readonly reason: string;
  readonly detail: string;
}

/** Events at the door of a gateway within a second. */
export interface EventsDigest {
  readonly v: 1;
  readonly gateway: string;
  readonly atMs: number;
  readonly events: readonly LiveEvent[];
  /** Further events, by kind and reason: `reject/contract_violation`. */
  readonly more: Readonly<Record<string, number>>;
}

export type LiveMessage = LiveProcess | ReadingsDigest | TopicsDigest | EventsDigest;
