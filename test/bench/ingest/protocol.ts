// Between the benchmark and its load workers (Node's IPC).
import type { Shape } from "./shape.ts";
import type { Credentials, Dialect } from "./wire.ts";

export type Command =
  | {
      do: "open";
      target: string;
      port: number;
      isTls: boolean;
      /** Over all workers; a worker opens every `workers`th, the same devices every time. */
      connections: number;
      window: number;
      /** By device index; empty means anonymous. */
      credentials: readonly Credentials[];
      dialect: Dialect;
    }
  | { do: "saturate"; warmupMs: number; measureMs: number }
  | { do: "pace"; warmupMs: number; measureMs: number; ratePerSecond: number }
  | { do: "close" };

export interface WorkerSpec {
  readonly index: number;
  readonly workers: number;
  /** Absent: readings of the contract `environment`. */
  readonly shape?: Shape;
  /** For so many devices the connections speak, in turn; absent: each for one of its own. */
  readonly devices?: number;
}

export interface LoadResult {
  /** PUBACKs inside the measured interval. */
  readonly acked: number;
  readonly measuredMs: number;
  /** From the first publish to the end of the drain. */
  readonly ackedInAll: number;
  readonly sentInAll: number;
  readonly connectionsLost: number;
  /** CPU seconds of this worker inside the measured interval. */
  readonly cpuSeconds: number;
  /** Paced load: acknowledgement latency in µs from the intended send time (HdrHistogram, base64). */
  readonly latency: string | null;
  /** Paced load: how late the worker itself sent, µs, same format. */
  readonly lateness: string | null;
}

export type Reply =
  | { done: "open"; ms: number }
  | { done: "load"; result: LoadResult }
  | { done: "close" }
  | { done: "failed"; error: string };
