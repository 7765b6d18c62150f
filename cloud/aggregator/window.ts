// The open windows of one lane. Pure: what it holds is a function of the readings added.
//
// W1. A reading counts once in its window: a repeat, by the contract's identity, changes nothing.
// W2. A window is closed once, by the watermark, and its rollup then never changes.
// W3. What is open is bounded by SERIES_OPEN_MAX, past which `full` is true.
import type { FrameReading } from "../../contracts/frame.ts";
import { seriesKeyOf } from "../../contracts/reading.ts";
import { Identities } from "./identities.ts";
import type { ContractPlan, SeriesPlan } from "./plan.ts";
import { FieldStatistics, type ReadingOrder } from "./statistics.ts";
import type { Rollup } from "./point.ts";

/** Open (series, window) pairs of one lane; at about 1 kB each this bounds the aggregator's memory. */
export const SERIES_OPEN_MAX = 200_000;

/** One series in one window. */
class SeriesWindow implements Rollup {
  readonly plan: SeriesPlan;
  readonly key: string;
  readonly startMs: number;
  readonly fields: FieldStatistics[];
  readonly identities = new Identities();
  count = 0;
  /** Changed since its open rollup was last written. */
  dirty = false;

  constructor(plan: SeriesPlan, key: string, startMs: number) {
    this.plan = plan;
    this.key = key;
    this.startMs = startMs;
    this.fields = plan.fields.map(() => new FieldStatistics());
  }

  add(plan: ContractPlan, reading: FrameReading, eventMs: number): boolean {
    const { contract } = plan;
    const { payload, device } = reading;
    if (!this.identities.add(contract, device, payload)) return false; // W1
    this.count += 1;
    // A version that became known while this window was open may have fields of its own.
    while (this.fields.length < this.plan.fields.length) this.fields.push(new FieldStatistics());
    const order = orderOf(plan, reading);
    for (const { name, at } of plan.rolledUp) {
      const value = payload[name];
      if (typeof value === "number") this.fields[at]!.add(value, eventMs, order);
    }
    return true;
  }
}

/** Several devices may share a series: then the device decides before the sequence. */
function orderOf({ contract }: ContractPlan, { device, payload }: FrameReading): ReadingOrder {
  const sequence = contract.sequenceProperty === undefined ? 0 : payload[contract.sequenceProperty];
  const order = typeof sequence === "number" ? sequence : 0;
  return contract.partitionKey === "device"
    ? order
    : `${device}\n${String(order).padStart(16, "0")}`;
}

export class OpenWindows {
  readonly #sizeMs: number;
  /** Window start → contract → series key. */
  readonly #windows = new Map<number, Map<string, Map<string, SeriesWindow>>>();
  #dirty: SeriesWindow[] = [];
  #open = 0;

  constructor(sizeMs: number) {
    this.#sizeMs = sizeMs;
  }

  get full(): boolean {
    return this.#open >= SERIES_OPEN_MAX; // W3
  }

  startOf(eventMs: number): number {
    return Math.floor(eventMs / this.#sizeMs) * this.#sizeMs;
  }

  /** Counts a reading in its window; false if it is a repeat. The caller has judged lateness. */
  add(plan: ContractPlan, reading: FrameReading, eventMs: number): boolean {
    const series = this.#series(plan, reading, this.startOf(eventMs));
    if (!series.add(plan, reading, eventMs)) return false;
    if (!series.dirty) {
      series.dirty = true;
      this.#dirty.push(series);
    }
    return true;
  }

  /**
   * Closes every window that ends at or before the watermark (W2).
   * @returns lines of the finals, oldest window first, then series in the order they appeared; an
   *   open rollup that is out of date is written once more, so that both measurements agree.
   */
  close(watermarkMs: number): string[] {
    const lines: string[] = [];
    const starts = [...this.#windows.keys()].filter((start) => start + this.#sizeMs <= watermarkMs);
    for (const start of starts.sort((a, b) => a - b)) {
      for (const contract of this.#windows.get(start)!.values())
        for (const series of contract.values()) {
          this.#open -= 1;
          if (series.dirty) lines.push(series.plan.points.line("open", series));
          lines.push(series.plan.points.line("final", series));
          series.dirty = false;
        }
      this.#windows.delete(start);
    }
    if (lines.length > 0) this.#dirty = this.#dirty.filter(({ dirty }) => dirty);
    return lines;
  }

  /** Lines of at most `linesMax` open rollups that changed since they were last taken. */
  takeOpen(linesMax: number): string[] {
    return this.#dirty.splice(0, linesMax).map((series) => {
      series.dirty = false;
      return series.plan.points.line("open", series);
    });
  }

  #series(plan: ContractPlan, reading: FrameReading, startMs: number): SeriesWindow {
    let contracts = this.#windows.get(startMs);
    if (!contracts) {
      contracts = new Map<string, Map<string, SeriesWindow>>();
      this.#windows.set(startMs, contracts);
    }
    let keys = contracts.get(plan.series.name);
    if (!keys) {
      keys = new Map<string, SeriesWindow>();
      contracts.set(plan.series.name, keys);
    }
    const key = seriesKeyOf(plan.contract, reading.device, reading.payload);
    let series = keys.get(key);
    if (!series) {
      series = new SeriesWindow(plan.series, key, startMs);
      keys.set(key, series);
      this.#open += 1;
    }
    return series;
  }
}
