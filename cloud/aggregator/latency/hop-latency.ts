// The latency of one hop of one region: since the start, apart for what waited behind an outage of the WAN, and
// of the last half minute to minute. Pure.
import type { RecentLatency } from "../../../contracts/messages/latency.ts";
import { LatencyCounts } from "./latency-counts.ts";

/** Upper bounds of the buckets that metrics have, ms: 5 ms to 1 h. */
export const BUCKETS_MS = [
  5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 120_000, 300_000,
  600_000, 1_800_000, 3_600_000,
] as const;

const RECENT_MS = 30_000;

/** A reading with a trace that stands for those of its bucket. */
export interface Exemplar {
  readonly valueMs: number;
  readonly atMs: number;
  readonly traceparent: string;
}

export class HopLatency {
  readonly usual = new LatencyCounts();
  readonly behindOutage = new LatencyCounts();
  /** The latest of each bucket, by its place. */
  readonly exemplars = {
    usual: new Map<number, Exemplar>(),
    behindOutage: new Map<number, Exemplar>(),
  };
  #recent = new LatencyCounts();
  #before = new LatencyCounts();
  #sinceMs = 0;
  #lastMs = 0;

  /** The counts that a reading of `atMs` adds to. */
  countsAt(atMs: number, behindOutage: boolean): readonly LatencyCounts[] {
    if (behindOutage) return [this.behindOutage];
    this.#turn(atMs);
    this.#lastMs = atMs;
    return [this.usual, this.#recent];
  }

  exemplify(exemplar: Exemplar, behindOutage: boolean): void {
    const bucket = BUCKETS_MS.findIndex((boundMs) => exemplar.valueMs <= boundMs);
    const of = behindOutage ? this.exemplars.behindOutage : this.exemplars.usual;
    of.set(bucket === -1 ? BUCKETS_MS.length : bucket, exemplar);
  }

  /** Latencies of late, without what waited behind an outage; null if nothing came. */
  recent(nowMs: number): RecentLatency | null {
    this.#turn(nowMs);
    const both = new LatencyCounts();
    both.addAll(this.#before);
    both.addAll(this.#recent);
    const { readings, maxMs: max } = both;
    return readings === 0
      ? null
      : {
          ...{ readings, p50: both.quantile(0.5), p99: both.quantile(0.99), max },
          atMs: this.#lastMs,
        };
  }

  /** Readings since the start. */
  all(): LatencyCounts {
    const all = new LatencyCounts();
    all.addAll(this.usual);
    all.addAll(this.behindOutage);
    return all;
  }

  #turn(nowMs: number): void {
    const sinceMs = nowMs - this.#sinceMs;
    if (sinceMs < RECENT_MS) return;
    [this.#before, this.#recent] = [this.#recent, this.#before];
    this.#recent.clear();
    if (sinceMs >= 2 * RECENT_MS) this.#before.clear();
    this.#sinceMs = nowMs;
  }
}
