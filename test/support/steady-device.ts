// A device that publishes at a steady pace in a thread of its own, so that what its test does at the same time
// delays none of its clocks, and says how long each PUBACK took.
import { setTimeout as sleep } from "node:timers/promises";
import { Worker, isMainThread, parentPort, workerData } from "node:worker_threads";
import { type IClientOptions, connectAsync } from "mqtt";

export interface SteadyDevice {
  readonly url: string;
  readonly options: IClientOptions;
  readonly topic: string;
  readonly everyMs: number;
}

export interface Acknowledged {
  /** Of each PUBACK, in milliseconds. */
  readonly tookMs: readonly number[];
}

/** Publishes readings of contract `machine` until `stop`, each once the one before it is acknowledged. */
export async function startSteadyDevice(
  device: SteadyDevice,
): Promise<{ stop(): Promise<Acknowledged> }> {
  const worker = new Worker(new URL(import.meta.url), { workerData: device });
  const said = <T>(): Promise<T> =>
    new Promise((resolve, reject) => {
      worker.once("message", resolve).once("error", reject);
    });
  await said();
  return {
    stop: async () => {
      const answer = said<Acknowledged>();
      worker.postMessage("stop");
      return answer;
    },
  };
}

async function run({ url, options, topic, everyMs }: SteadyDevice): Promise<Acknowledged> {
  const client = await connectAsync(url, options);
  const tookMs: number[] = [];
  let stopped = false;
  parentPort!.once("message", () => (stopped = true));
  while (!stopped) {
    const startedMs = performance.now();
    const reading = JSON.stringify({ ts: Date.now(), temperature: 20 });
    await client.publishAsync(topic, reading, { qos: 1 });
    if (tookMs.push(performance.now() - startedMs) === 1) parentPort!.postMessage("begun");
    await sleep(everyMs);
  }
  await client.endAsync(true);
  return { tookMs };
}

if (!isMainThread && parentPort && workerData)
  parentPort.postMessage(await run(workerData as SteadyDevice));
