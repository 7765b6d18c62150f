// The open windows of one lane. Pure: what it holds is a function of the readings added.
//
// W1. A reading counts once in its window: a repeat, by the contract's identity, changes nothing.
// W2. A window is closed by the watermark. Ten seconds that a reading reaches after that, while their
//     minute is open, are closed again with the next ones, their revision raised; what comes after the
//     minute is for the repair job.
// W3. What is open is bounded by SERIES_OPEN_MAX, past which `full` is true.
// W4. A minute is the merger of its tens of seconds, which are kept until it closes.
import type { FrameReading } from "../../contracts/messages/frame.ts";
import { MINUTE, TEN_SECONDS } from "../../contracts/names/measurements.ts";
import { seriesKeyOf } from "../../contracts/messages/reading.ts";
import { Identities } from "./identities.ts";
import type { ContractPlan, SeriesPlan } from "./plan.ts";
import { FieldStatistics, type ReadingOrder } from "./statistics.ts";
import type { Rollup } from "./point.ts";

/** Open (series, minute) pairs of one lane; at about 3 kB each this bounds the aggregator's memory. */
export const SERIES_OPEN_MAX = 100_000;

const PARTS = MINUTE.sizeMs / TEN_SECONDS.sizeMs;

export const minuteOf = (eventMs: number): number =>
  Math.floor(eventMs / MINUTE.sizeMs) * MINUTE.sizeMs;
export const tenSecondsOf = (eventMs: number): number =>
  Math.floor(eventMs / TEN_SECONDS.sizeMs) * TEN_SECONDS.sizeMs;

/** One series in one window of ten seconds. */
export class SeriesTenSeconds implements Rollup {
  readonly key: string;
  readonly startMs: number;
  readonly fields: FieldStatistics[] = [];
  readonly #plan: SeriesPlan;
  readonly #identities = new Identities();
  count = 0;
  /** Changed since its open rollup was last written. */
  dirty = false;
  /** Changed since its final was last written. */
  unfinal = false;
  /** Of its last final; null before the first one. */
  revision: number | null = null;

  constructor(plan: SeriesPlan, key: string, startMs: number) {
    this.#plan = plan;
    this.key = key;
    this.startMs = startMs;
  }

  add(plan: ContractPlan, reading: FrameReading, eventMs: number): boolean {
    const { contract } = plan;
    const { payload, device } = reading;
    if (!this.#identities.add(contract, device, payload)) return false; // W1
    this.count += 1;
    this.dirty = this.unfinal = true;
    // A version that became known while this window was open may have fields of its own.
    while (this.fields.length < this.#plan.fields.length)
      this.fields.push(new FieldStatistics(this.#plan.fields[this.fields.length]!.quantiles));
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

/** One series in one minute. */
export class SeriesMinute {
  readonly key: string;
  readonly startMs: number;
  readonly plan: SeriesPlan;
  readonly #parts = new Array<SeriesTenSeconds | undefined>(PARTS);
  dirty = false;

  constructor(plan: SeriesPlan, key: string, startMs: number) {
    this.plan = plan;
    this.key = key;
    this.startMs = startMs;
  }

  add(plan: ContractPlan, reading: FrameReading, eventMs: number): boolean {
    const at = Math.floor((eventMs - this.startMs) / TEN_SECONDS.sizeMs);
    const startMs = this.startMs + at * TEN_SECONDS.sizeMs;
    const part = (this.#parts[at] ??= new SeriesTenSeconds(this.plan, this.key, startMs));
    return part.add(plan, reading, eventMs);
  }

  /** Those that hold a reading, oldest first. */
  get parts(): SeriesTenSeconds[] {
    return this.#parts.filter((part) => part !== undefined);
  }

  /** The minute as it stands (W4). */
  get rollup(): Rollup {
    const fields = this.plan.fields.map(({ quantiles }) => new FieldStatistics(quantiles));
    let count = 0;
    for (const part of this.parts) {
      count += part.count;
      part.fields.forEach((statistics, at) => fields[at]!.merge(statistics));
    }
    return { key: this.key, startMs: this.startMs, count, fields };
  }

  /** Lines of its open rollups that changed since they were last taken. */
  takeOpen(): string[] {
    if (!this.dirty) return [];
    this.dirty = false;
    const parts = this.parts.filter(({ dirty }) => dirty);
    for (const part of parts) part.dirty = false;
    const lines = parts.map((part) => this.plan.tenSeconds.open(part));
    return [...lines, this.plan.minute.open(this.rollup)];
  }
}

export class OpenWindows {
  /** Start of the minute → contract → series key. */
  readonly #minutes = new Map<number, Map<string, Map<string, SeriesMinute>>>();
  #dirty: SeriesMinute[] = [];
  #open = 0;
  #closedThroughMs = Number.NEGATIVE_INFINITY;

  get full(): boolean {
    return this.#open >= SERIES_OPEN_MAX; // W3
  }

  /** Series whose last final of some ten seconds is out of date. */
  get stale(): number {
    let stale = 0;
    for (const contracts of this.#minutes.values())
      for (const keys of contracts.values())
        for (const { parts } of keys.values())
          if (parts.some(({ unfinal, revision }) => unfinal && revision !== null)) stale += 1;
    return stale;
  }

  /** Counts a reading in its windows; false if it is a repeat. The caller has judged lateness. */
  add(plan: ContractPlan, reading: FrameReading, eventMs: number): boolean {
    const series = this.#series(plan, reading, minuteOf(eventMs));
    if (!series.add(plan, reading, eventMs)) return false;
    if (!series.dirty) {
      series.dirty = true;
      this.#dirty.push(series);
    }
    return true;
  }

  /**
   * Closes every window that ends at or before the watermark (W2).
   * @returns lines of the finals, oldest minute first, then series in the order they appeared; an
   *   open rollup that is out of date is written once more, so that both measurements agree.
   */
  close(watermarkMs: number): string[] {
    const throughMs = tenSecondsOf(watermarkMs);
    if (throughMs <= this.#closedThroughMs) return [];
    this.#closedThroughMs = throughMs;
    const lines: string[] = [];
    const starts = [...this.#minutes.keys()].filter((startMs) => startMs < throughMs);
    for (const startMs of starts.sort((a, b) => a - b)) {
      const whole = startMs + MINUTE.sizeMs <= throughMs;
      for (const contract of this.#minutes.get(startMs)!.values())
        for (const series of contract.values()) closeParts(series, throughMs, whole, lines);
      if (whole) this.#forget(startMs);
    }
    if (lines.length > 0) this.#dirty = this.#dirty.filter(({ dirty }) => dirty);
    return lines;
  }

  /** Lines of open rollups that changed since they were last taken: of whole series, about `linesMax`. */
  takeOpen(linesMax: number): string[] {
    const lines: string[] = [];
    let taken = 0;
    while (taken < this.#dirty.length && lines.length < linesMax)
      lines.push(...this.#dirty[taken++]!.takeOpen());
    this.#dirty.splice(0, taken);
    return lines;
  }

  #forget(startMs: number): void {
    for (const contract of this.#minutes.get(startMs)!.values()) this.#open -= contract.size;
    this.#minutes.delete(startMs);
  }

  #series(plan: ContractPlan, reading: FrameReading, startMs: number): SeriesMinute {
    let contracts = this.#minutes.get(startMs);
    if (!contracts) {
      contracts = new Map<string, Map<string, SeriesMinute>>();
      this.#minutes.set(startMs, contracts);
    }
    let keys = contracts.get(plan.series.name);
    if (!keys) {
      keys = new Map<string, SeriesMinute>();
      contracts.set(plan.series.name, keys);
    }
    const key = seriesKeyOf(plan.contract, reading.device, reading.payload);
    let series = keys.get(key);
    if (!series) {
      series = new SeriesMinute(plan.series, key, startMs);
      keys.set(key, series);
      this.#open += 1;
    }
    return series;
  }
}

function closeParts(
  series: SeriesMinute,
  throughMs: number,
  whole: boolean,
  lines: string[],
): void {
  const due = series.parts.filter(
    ({ unfinal, startMs }) => unfinal && startMs + TEN_SECONDS.sizeMs <= throughMs,
  );
  if (due.length > 0 || whole) lines.push(...series.takeOpen());
  for (const part of due) {
    part.unfinal = false;
    part.revision = part.revision === null ? 0 : part.revision + 1;
    lines.push(series.plan.tenSeconds.final(part, part.revision));
  }
  if (whole) lines.push(series.plan.minute.final(series.rollup));
}
