// Measurements that need no server, each in a process of its own: neither the heap nor the compiled code
// of one is that of another.
import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { HUNDRED, HUNDRED_THRESHOLDS, type RuleCounts, TWENTY } from "./rules.ts";

export interface EvaluationSpec {
  readonly counts: RuleCounts;
  /** Of the windows. */
  readonly over: string;
  /** They share 10,000 readings a second; one lane of four is evaluated. */
  readonly devices: number;
  readonly seconds: number;
  readonly warmupSeconds: number;
}

export interface Evaluation {
  readonly rules: number;
  readonly devices: number;
  readonly over: string;
  readonly readings: number;
  /** Rules × readings per second of CPU time, frames already decoded. */
  readonly evaluationsPerSecond: number;
  /** From the bytes of the log. */
  readonly evaluationsPerSecondWithDecode: number;
  /** The same by the clock on the wall: what other programs took is in it. */
  readonly evaluationsPerSecondWithDecodeWall: number;
  readonly readingsPerSecondWithDecode: number;
}

export interface Evaluations {
  readonly thresholds: Evaluation;
  /** Many readings of few devices: windows of a thousand values. */
  readonly mixedFewDevices: Evaluation;
  /** One reading a second of each device: windows of ten values. */
  readonly mixedManyDevices: Evaluation;
}

/** A window is full, and slides, after its length. */
const SECONDS_MORE = 5;

export interface MemorySpec {
  readonly counts: RuleCounts;
  readonly over: string;
  /** Each sends a reading a second. */
  readonly devices: number;
  readonly seconds: number;
}

export interface MemoryResult {
  readonly devices: number;
  readonly rules: number;
  readonly over: string;
  readonly lanes: number;
  /** What devices and rules added to the heap. */
  readonly heapMiB: number;
  /** Resident, of the whole process, and before it knew any device. */
  readonly rssMiB: number;
  readonly rssBeforeMiB: number;
  readonly bytesPerDevice: number;
  readonly bytesPerDeviceAndRule: number;
  /** All lanes' snapshots together. */
  readonly snapshotMiB: number;
  readonly snapshotMs: number;
  /** A lane's snapshot is taken in one go: for so long nothing is evaluated. */
  readonly snapshotMsOfLargestLane: number;
  readonly restoreMs: number;
}

const OVER = "10s";

export async function measureEvaluations(seconds: number): Promise<Evaluations> {
  const of = { over: OVER, seconds, warmupSeconds: Math.max(0.6, seconds / 2) };
  const run = (spec: EvaluationSpec): Promise<Evaluation> => runWorker("evaluate-worker.ts", spec);
  return {
    thresholds: await run({ ...of, counts: HUNDRED_THRESHOLDS, devices: 100 }),
    mixedFewDevices: await run({ ...of, counts: HUNDRED, devices: 100 }),
    mixedManyDevices: await run({ ...of, counts: HUNDRED, devices: 10_000 }),
  };
}

/** @param overSeconds of the windows, which are filled. */
export const measureMemory = (overSeconds: number): Promise<MemoryResult> =>
  runWorker("memory-worker.ts", {
    counts: TWENTY,
    over: `${overSeconds}s`,
    devices: 10_000,
    seconds: overSeconds + SECONDS_MORE,
  });

async function runWorker<Result>(file: string, spec: EvaluationSpec | MemorySpec): Promise<Result> {
  const worker = fork(join(import.meta.dirname, file), [JSON.stringify(spec)], {
    execArgv: ["--expose-gc"],
  });
  const answered = new AbortController();
  const { signal } = answered;
  try {
    const result = once(worker, "message", { signal }) as Promise<[Result]>;
    const ended = once(worker, "exit", { signal }).then(([code]) => {
      throw new Error(`${file} ended with ${String(code)}`);
    });
    return (await Promise.race([result, ended]))[0];
  } finally {
    answered.abort();
    worker.kill();
  }
}
