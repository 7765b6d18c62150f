// The load generator as the benchmark sees it: some worker processes that act as one.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { type Histogram, build, decodeFromCompressedBase64 } from "hdr-histogram-js";
import type { Command, LoadResult, Reply, WorkerSpec } from "./protocol.ts";
import type { Target } from "./targets.ts";

export interface Load {
  /** PUBACKs per second in the measured interval. */
  readonly perSecond: number;
  readonly acknowledged: number;
  readonly sent: number;
  readonly connectionsLost: number;
  /** CPU of all workers in the measured interval, in cores. */
  readonly generatorCores: number;
  readonly latency: Histogram;
  readonly lateness: Histogram;
}

export class Generator implements AsyncDisposable {
  readonly #workers: ChildProcess[];
  readonly pids: readonly number[];

  constructor(workers: number, of: Pick<WorkerSpec, "shape" | "devices"> = {}) {
    const program = join(import.meta.dirname, "load-worker.ts");
    this.#workers = Array.from({ length: workers }, (_, index) => {
      const spec: WorkerSpec = { index, workers, ...of };
      return fork(program, [JSON.stringify(spec)], { execArgv: [] });
    });
    this.pids = this.#workers.map(({ pid }) => pid!);
  }

  /**
   * Resolves to the milliseconds until all of them were accepted.
   * @param to one target, or several, among which the workers are spread.
   */
  async open(to: Target | readonly Target[], connections: number, window: number): Promise<number> {
    const targets = [to].flat();
    const replies = await this.#all((worker) => {
      const { name, port, isTls = false, credentials } = targets[worker % targets.length]!;
      return {
        do: "open",
        target: name,
        port,
        isTls,
        connections,
        window,
        credentials: credentials.slice(0, connections),
        dialect: name === "gatewayV5" ? 5 : 4,
      };
    });
    return Math.max(...replies.map((reply) => (reply.done === "open" ? reply.ms : 0)));
  }

  async load(command: Extract<Command, { do: "saturate" | "pace" }>): Promise<Load> {
    const replies = await this.#all(() => command);
    return combine(replies.flatMap((reply) => (reply.done === "load" ? [reply.result] : [])));
  }

  async close(): Promise<void> {
    await this.#all(() => ({ do: "close" }));
  }

  async #all(command: (worker: number) => Command): Promise<Reply[]> {
    const replies = await Promise.all(
      this.#workers.map((worker, index) => ask(worker, command(index))),
    );
    for (const reply of replies)
      if (reply.done === "failed") throw new Error(`load generator: ${reply.error}`);
    return replies;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      this.#workers.map(async (worker) => {
        if (worker.exitCode !== null || worker.signalCode !== null) return;
        const ended = once(worker, "exit");
        worker.kill("SIGKILL");
        await ended;
      }),
    );
  }
}

async function ask(worker: ChildProcess, command: Command): Promise<Reply> {
  const answered = new AbortController();
  const { signal } = answered;
  try {
    const reply = once(worker, "message", { signal }) as Promise<[Reply]>;
    const ended = once(worker, "exit", { signal }).then(([code]) => {
      throw new Error(`a load worker ended with ${String(code)}`);
    });
    worker.send(command);
    return (await Promise.race([reply, ended]))[0];
  } finally {
    answered.abort();
  }
}

const merge = (encoded: readonly (string | null)[]): Histogram => {
  const all = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 60e6,
    numberOfSignificantValueDigits: 3,
  });
  for (const text of encoded) if (text) all.add(decodeFromCompressedBase64(text));
  return all;
};

/** Workers measure the same interval: what they did adds up. */
function combine(results: readonly LoadResult[]): Load {
  const sum = (of: (result: LoadResult) => number): number =>
    results.reduce((total, result) => total + of(result), 0);
  return {
    perSecond: sum(({ acked, measuredMs }) => acked / (measuredMs / 1000)),
    acknowledged: sum(({ ackedInAll }) => ackedInAll),
    sent: sum(({ sentInAll }) => sentInAll),
    connectionsLost: sum(({ connectionsLost }) => connectionsLost),
    generatorCores: sum(({ cpuSeconds, measuredMs }) => cpuSeconds / (measuredMs / 1000)),
    latency: merge(results.map(({ latency }) => latency)),
    lateness: merge(results.map(({ lateness }) => lateness)),
  };
}
