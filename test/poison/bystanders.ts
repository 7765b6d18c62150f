// The bystanders, in a thread of their own: what the poisoner does must not hold up their clock.
import { Worker, isMainThread, parentPort, workerData } from "node:worker_threads";
import { once } from "node:events";
import { type AlertLatency, type ProbeOptions, probeAlerts } from "../bench/alert-probe.ts";

export async function watchBystanders(options: ProbeOptions): Promise<AlertLatency> {
  const worker = new Worker(new URL(import.meta.url), { workerData: options });
  const [latency] = (await once(worker, "message")) as [AlertLatency];
  return latency;
}

if (!isMainThread && parentPort)
  parentPort.postMessage(await probeAlerts(workerData as ProbeOptions));
