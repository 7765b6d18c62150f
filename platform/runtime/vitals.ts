// The vitals of this process: memory, processor, event loop.
import { monitorEventLoopDelay } from "node:perf_hooks";

/** Delays are sampled this often, so a shorter one is not seen. */
const RESOLUTION_MS = 20;

export class Vitals implements Disposable {
  readonly startedMs = Date.now() - Math.round(process.uptime() * 1_000);
  readonly #delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  #cpu = process.cpuUsage();
  #atMs = performance.now();

  constructor() {
    this.#delays.enable();
  }

  /** Those since the last call. */
  read() {
    const nowMs = performance.now();
    const cpu = process.cpuUsage();
    const usedMs = (cpu.user - this.#cpu.user + cpu.system - this.#cpu.system) / 1_000;
    const cpuShare = usedMs / Math.max(1, nowMs - this.#atMs);
    this.#cpu = cpu;
    this.#atMs = nowMs;
    const p99Ns = this.#delays.percentile(99);
    this.#delays.reset();
    return {
      rssBytes: process.memoryUsage.rss(),
      heapUsedBytes: process.memoryUsage().heapUsed,
      // Without a sample the histogram answers with its resolution, or nothing.
      eventLoopP99Ms: Number.isFinite(p99Ns)
        ? Math.max(0, Math.round((p99Ns / 1e6 - RESOLUTION_MS) * 10) / 10)
        : 0,
      cpuShare: Math.round(cpuShare * 1_000) / 1_000,
    };
  }

  [Symbol.dispose](): void {
    this.#delays.disable();
  }
}
