import { monitorEventLoopDelay } from "node:perf_hooks";

/** Health of a process, over the last whole window. */
export interface Vitals {
  readonly rssBytes: number;
  readonly heapUsedBytes: number;
  /** Time by which timers came late. */
  readonly eventLoopP50Ms: number;
  readonly eventLoopP99Ms: number;
  /** Share of one core, 0 to 1 and more: threads count as well. */
  readonly cpuShare: number;
}

const WINDOW_MS = 10_000;
/** Interval of the timer whose lateness is measured. */
const RESOLUTION_MS = 10;
const NS_PER_MS = 1e6;

type Window = Pick<Vitals, "eventLoopP50Ms" | "eventLoopP99Ms" | "cpuShare">;

/** Measures this process in windows, so that several who ask see the same and none resets another's. */
export class VitalsMeter implements Disposable {
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  readonly #timer: NodeJS.Timeout;
  #cpu = process.cpuUsage();
  #sinceMs = performance.now();
  #last: Window | null = null;

  constructor() {
    this.#delay.enable();
    this.#timer = setInterval(() => this.#turn(), WINDOW_MS).unref();
  }

  read(): Vitals {
    const { rss, heapUsed } = process.memoryUsage();
    return { rssBytes: rss, heapUsedBytes: heapUsed, ...(this.#last ?? this.#window()) };
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#delay.disable();
  }

  #turn(): void {
    this.#last = this.#window();
    this.#delay.reset();
    this.#cpu = process.cpuUsage();
    this.#sinceMs = performance.now();
  }

  #window(): Window {
    const { user, system } = process.cpuUsage(this.#cpu);
    const elapsedMs = Math.max(performance.now() - this.#sinceMs, 1);
    return {
      eventLoopP50Ms: this.#lateMs(50),
      eventLoopP99Ms: this.#lateMs(99),
      cpuShare: (user + system) / 1000 / elapsedMs,
    };
  }

  /** The histogram holds whole intervals, their nominal length included. */
  #lateMs(percentile: number): number {
    if (this.#delay.count === 0) return 0;
    return Math.max(this.#delay.percentile(percentile) / NS_PER_MS - RESOLUTION_MS, 0);
  }
}
