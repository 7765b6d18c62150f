import { type PerformanceEntry, PerformanceObserver, constants } from "node:perf_hooks";
import { Histogram } from "./histogram.ts";
import type { HistogramValue } from "./metrics.ts";

/** Seconds: a young generation takes about one millisecond, a full heap some tens. */
const BOUNDS_S = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1];

const KINDS = {
  [constants.NODE_PERFORMANCE_GC_MINOR]: "minor",
  [constants.NODE_PERFORMANCE_GC_MAJOR]: "major",
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL]: "incremental",
  [constants.NODE_PERFORMANCE_GC_WEAKCB]: "weak callbacks",
} as const;

type GcEntry = PerformanceEntry & { readonly detail: { readonly kind: number } };

/** Counts the pauses that collecting garbage makes. */
export class GarbageCollections implements Disposable {
  readonly #histograms = new Map(
    Object.values(KINDS).map((kind) => [kind, new Histogram(BOUNDS_S)]),
  );
  readonly #observer = new PerformanceObserver((list) => {
    // The types of Node 26 lack `detail`, which Node documents for entries of type "gc".
    for (const { duration, detail } of list.getEntries() as GcEntry[]) {
      const kind = KINDS[detail.kind];
      if (kind !== undefined) this.#histograms.get(kind)!.observe(duration / 1000);
    }
  });

  start(): this {
    this.#observer.observe({ entryTypes: ["gc"] });
    return this;
  }

  get values(): Record<string, HistogramValue> {
    return Object.fromEntries([...this.#histograms].map(([kind, one]) => [kind, one.value]));
  }

  [Symbol.dispose](): void {
    this.#observer.disconnect();
  }
}
