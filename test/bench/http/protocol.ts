// What the benchmark and its load process tell each other.
import type { Percentiles } from "../ingest/measure.ts";
import type { Credentials } from "../ingest/wire.ts";
import type { Format } from "./formats.ts";

export interface LoadSpec {
  readonly port: number;
  /** One connection for each. */
  readonly credentials: readonly Credentials[];
  readonly format: Format;
  /** Readings of a request. */
  readonly batch: number;
  readonly warmupSeconds: number;
  readonly seconds: number;
}

export interface LoadFigures {
  /** Readings answered as stored, in the measured seconds. */
  readonly perSecond: number;
  /** The same from the first to the last. */
  readonly acknowledged: number;
  readonly requests: number;
  /** From the request to the end of its answer. */
  readonly requestMs: Percentiles;
}
