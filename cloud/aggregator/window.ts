// The open windows of one lane. Pure: what it holds is a function of the readings added.
//
// W1. A reading counts once in its window: a repeat, by its identity, changes nothing. Its place under its
//     millisecond is found here too, and is its own (places.ts/S2).
// W2. A window is closed by the watermark. Ten seconds that a reading reaches after that, while their
//     minute is open, are closed again with the next ones, their revision raised; what comes after the
//     minute is for the repair job.
// W3. What is open is bounded by SERIES_OPEN_MAX. A series that finds no room is not opened, and from then
//     on no other is in its minute: each that is open holds all of its readings.
// W4. A minute is the merger of its tens of seconds, which are kept until it closes.
// W5. The final of a minute holds what an hour is merged from (long-statistics.ts): nothing of it stays open for longer.
import type { FrameReading } from "../../contracts/messages/frame.ts";
import { MINUTE, type RollupWindow, TEN_SECONDS } from "../../contracts/names/measurements.ts";
import { seriesKeyOf } from "../../contracts/messages/reading.ts";
import { type Series, seriesOf, tagsOf } from "../../contracts/messages/series.ts";
import type { Mergeable, RollupEffect, RollupSeries } from "../sinks/effects.ts";
import type { ContractLayout } from "./contract-layout.ts";
import { HeldRows } from "./held-rows.ts";
import { NO_ROOM, Places } from "./places.ts";
import { FieldStatistics, type ReadingOrder } from "./statistics.ts";

/** Open (series, minute) pairs of one lane; at about 3 kB each this bounds the aggregator's memory. */
export const SERIES_OPEN_MAX = 100_000;

/** Values of a field up to which the final of a minute keeps them one by one; more are counted by magnitude. */
export const SKETCH_VALUES_MAX = 16;

const PARTS = MINUTE.sizeMs / TEN_SECONDS.sizeMs;

export const minuteOf = (eventMs: number): number =>
  Math.floor(eventMs / MINUTE.sizeMs) * MINUTE.sizeMs;
export const tenSecondsOf = (eventMs: number): number =>
  Math.floor(eventMs / TEN_SECONDS.sizeMs) * TEN_SECONDS.sizeMs;

/** One series in one window, as it stands. */
interface Rollup {
  readonly of: Series;
  readonly startMs: number;
  readonly count: number;
  /** One for each field of the series; fewer while the last ones have no value. */
  readonly fields: readonly FieldStatistics[];
}

/** A rollup as a value: readings that come later do not change it. */
const effectOf = (
  series: RollupSeries,
  window: RollupWindow,
  { of, startMs, count, fields }: Rollup,
  revision: number | null,
): RollupEffect => ({
  series,
  window,
  revision,
  key: of.key,
  tags: of.tags,
  startMs,
  count,
  fields: fields.map(({ values }) => values),
  ...(window === MINUTE && revision !== null
    ? { mergeables: fields.map((field) => mergeableOf(field, count)) } // W5
    : {}),
});

const mergeableOf = (field: FieldStatistics, count: number): Mergeable => ({
  count: field.count === count || field.count === 0 ? null : field.count,
  sketch: field.sketch(SKETCH_VALUES_MAX),
});

/** One series in one window of ten seconds. */
export class SeriesTenSeconds implements Rollup {
  readonly of: Series;
  readonly startMs: number;
  readonly #fields: FieldStatistics[] = [];
  readonly #held = new HeldRows();
  readonly #series: RollupSeries;
  count = 0;
  /** Changed since its open rollup was last written. */
  dirty = false;
  /** Changed since its final was last written. */
  unfinal = false;
  /** The revision of its last final; null before the first one. */
  revision: number | null = null;

  constructor(series: RollupSeries, of: Series, startMs: number) {
    this.#series = series;
    this.of = of;
    this.startMs = startMs;
  }

  add(layout: ContractLayout, reading: FrameReading, eventMs: number): void {
    this.count += 1;
    this.dirty = this.unfinal = true;
    const { rolledUp } = layout;
    if (!this.#held.hasRoomFor(rolledUp)) this.#count();
    this.#held.add(rolledUp, reading.payload, eventMs, orderOf(layout, reading));
  }

  get fields(): readonly FieldStatistics[] {
    this.#count();
    this.#held.release();
    return this.#fields;
  }

  #count(): void {
    // A version that became known while this window was open may have fields of its own.
    const { fields } = this.#series;
    while (this.#fields.length < fields.length)
      this.#fields.push(new FieldStatistics(fields[this.#fields.length]!.quantiles));
    this.#held.countIn(this.#fields);
  }

  effect(revision: number | null): RollupEffect {
    return effectOf(this.#series, TEN_SECONDS, this, revision);
  }
}

/** Several devices may share a series: then the device decides before the sequence. */
function orderOf({ contract }: ContractLayout, { device, payload }: FrameReading): ReadingOrder {
  const sequence = contract.sequenceProperty === undefined ? 0 : payload[contract.sequenceProperty];
  const order = typeof sequence === "number" ? sequence : 0;
  return contract.partitionKey === "device"
    ? order
    : `${device}\n${String(order).padStart(16, "0")}`;
}

/** One series in one minute. */
export class SeriesMinute {
  readonly of: Series;
  readonly startMs: number;
  readonly #series: RollupSeries;
  readonly #parts = new Array<SeriesTenSeconds | undefined>(PARTS);
  readonly places: Places;
  dirty = false;
  /** True once an open rollup of it was taken: then the store holds one, which must not stay behind the final. */
  wasOpen = false;

  constructor(series: RollupSeries, of: Series, startMs: number) {
    this.#series = series;
    this.of = of;
    this.startMs = startMs;
    this.places = new Places(startMs);
  }

  /** Counts a reading; the caller knows that it is no repeat. */
  add(layout: ContractLayout, reading: FrameReading, eventMs: number): void {
    const at = Math.floor((eventMs - this.startMs) / TEN_SECONDS.sizeMs);
    const startMs = this.startMs + at * TEN_SECONDS.sizeMs;
    const part = (this.#parts[at] ??= new SeriesTenSeconds(this.#series, this.of, startMs));
    part.add(layout, reading, eventMs);
  }

  /** Those that hold a reading, oldest first. */
  get parts(): SeriesTenSeconds[] {
    return this.#parts.filter((part) => part !== undefined);
  }

  /** The minute as it stands (W4). */
  effect(revision: number | null): RollupEffect {
    const fields = this.#series.fields.map(({ quantiles }) => new FieldStatistics(quantiles));
    let count = 0;
    for (const part of this.parts) {
      count += part.count;
      part.fields.forEach((statistics, at) => fields[at]!.merge(statistics));
    }
    const { of, startMs } = this;
    return effectOf(this.#series, MINUTE, { of, startMs, count, fields }, revision);
  }

  /** Its rollups as first finals: the tens of seconds that hold a reading, then the minute. */
  get finals(): RollupEffect[] {
    return [...this.parts.map((part) => part.effect(0)), this.effect(0)];
  }

  /** Its open rollups that changed since they were last taken. */
  takeOpen(): RollupEffect[] {
    if (!this.dirty) return [];
    this.dirty = false;
    this.wasOpen = true;
    const parts = this.parts.filter(({ dirty }) => dirty);
    for (const part of parts) part.dirty = false;
    return [...parts.map((part) => part.effect(null)), this.effect(null)];
  }
}

export class OpenWindows {
  /** Start of the minute → contract → text of the series. */
  readonly #minutes = new Map<number, Map<string, Map<string, SeriesMinute>>>();
  #dirty: SeriesMinute[] = [];
  #open = 0;
  #closedThroughMs = Number.NEGATIVE_INFINITY;
  readonly #openMax: number;
  /** Minutes in which a series found no room. */
  readonly #shut = new Set<number>();

  constructor(openMax = SERIES_OPEN_MAX) {
    this.#openMax = openMax;
  }

  /** Series whose last final of some ten seconds is out of date. */
  get stale(): number {
    let stale = 0;
    for (const contracts of this.#minutes.values())
      for (const all of contracts.values())
        for (const { parts } of all.values())
          if (parts.some(({ unfinal, revision }) => unfinal && revision !== null)) stale += 1;
    return stale;
  }

  /**
   * Counts a reading in its windows. The caller has judged lateness. Parameters as of `Places.take`.
   * @returns its slot, else REPEATED, NO_PLACE or NO_ROOM: then nothing is counted.
   */
  add(
    layout: ContractLayout,
    reading: FrameReading,
    eventMs: number,
    identity: number,
    ordinal: number,
  ): number {
    const series = this.#series(layout, reading, minuteOf(eventMs));
    if (!series) return NO_ROOM; // W3
    const slot = series.places.take(reading.device, eventMs, identity, ordinal);
    if (slot < 0) return slot; // W1
    series.add(layout, reading, eventMs);
    if (!series.dirty) {
      series.dirty = true;
      this.#dirty.push(series);
    }
    return slot;
  }

  /**
   * Closes every window that ends at or before the watermark (W2).
   * @returns the finals, oldest minute first, then series in the order they appeared; an
   *   open rollup that is out of date is written once more, so that both measurements agree. A window that
   *   nobody has seen open, because its readings came late and all at once, gets a final only.
   */
  close(watermarkMs: number): RollupEffect[] {
    const throughMs = tenSecondsOf(watermarkMs);
    if (throughMs <= this.#closedThroughMs) return [];
    this.#closedThroughMs = throughMs;
    const rollups: RollupEffect[] = [];
    const starts = [...this.#minutes.keys()].filter((startMs) => startMs < throughMs);
    for (const startMs of starts.sort((a, b) => a - b)) {
      const whole = startMs + MINUTE.sizeMs <= throughMs;
      for (const contract of this.#minutes.get(startMs)!.values())
        for (const series of contract.values()) closeParts(series, throughMs, whole, rollups);
      if (whole) this.#forget(startMs);
    }
    if (rollups.length > 0) this.#dirty = this.#dirty.filter(({ dirty }) => dirty);
    return rollups;
  }

  /** Minutes of series whose open rollups changed since they were last taken. */
  get changed(): number {
    return this.#dirty.length;
  }

  /** Open rollups that changed since they were last taken, of at most `seriesMax` series, those first that wait longest. */
  takeOpen(seriesMax: number): RollupEffect[] {
    return this.#dirty.splice(0, seriesMax).flatMap((series) => series.takeOpen());
  }

  #forget(startMs: number): void {
    for (const contract of this.#minutes.get(startMs)!.values()) this.#open -= contract.size;
    this.#minutes.delete(startMs);
    this.#shut.delete(startMs);
  }

  #series(layout: ContractLayout, reading: FrameReading, startMs: number): SeriesMinute | null {
    let contracts = this.#minutes.get(startMs);
    if (!contracts) {
      contracts = new Map<string, Map<string, SeriesMinute>>();
      this.#minutes.set(startMs, contracts);
    }
    let all = contracts.get(layout.series.name);
    if (!all) {
      all = new Map<string, SeriesMinute>();
      contracts.set(layout.series.name, all);
    }
    const { contract, seriesTags } = layout;
    const { device, payload } = reading;
    const text = seriesOf(contract, device, payload, seriesTags);
    let series = all.get(text);
    if (!series) {
      if (this.#open >= this.#openMax) this.#shut.add(startMs);
      if (this.#shut.has(startMs)) return null;
      const key = seriesKeyOf(contract, device, payload);
      series = new SeriesMinute(layout.series, { key, tags: tagsOf(payload, seriesTags) }, startMs);
      all.set(text, series);
      this.#open += 1;
    }
    return series;
  }
}

function closeParts(
  series: SeriesMinute,
  throughMs: number,
  whole: boolean,
  rollups: RollupEffect[],
): void {
  const due = series.parts.filter(
    ({ unfinal, startMs }) => unfinal && startMs + TEN_SECONDS.sizeMs <= throughMs,
  );
  if (series.wasOpen && (due.length > 0 || whole)) rollups.push(...series.takeOpen());
  for (const part of due) {
    part.unfinal = false;
    part.revision = part.revision === null ? 0 : part.revision + 1;
    rollups.push(part.effect(part.revision));
  }
  if (!whole) return;
  series.dirty = false;
  rollups.push(series.effect(0));
}
