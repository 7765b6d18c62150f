// Rollups from stored readings instead of from the log. Pure.
import { seriesText, tagsOf } from "../../contracts/messages/series.ts";
import { ROLLUP_COUNT } from "../../contracts/names/measurements.ts";
import { type RollupEffect, rollupValues } from "../sinks/effects.ts";
import type { StoredReading, StoredRollup } from "../sinks/sink.ts";
import type { ContractLayout } from "./contract-layout.ts";
import { SeriesMinute, minuteOf } from "./window.ts";

/**
 * The minutes of each series of one partition key, from readings that come in parts. Readings in a store
 * are told apart by their places: each of them counts.
 */
export class Recomputation {
  readonly #layout: ContractLayout;
  readonly #key: string;
  #minutes = new Map<string, SeriesMinute>();
  /** Readings added since minutes were last taken. */
  count = 0;

  /** @param layout of all versions of the contract. */
  constructor(layout: ContractLayout, key: string) {
    this.#layout = layout;
    this.#key = key;
  }

  /** @param readings of the key, in any order. */
  add(readings: readonly StoredReading[]): void {
    const { contract, seriesTags, series } = this.#layout;
    const { name, version } = contract;
    this.count += readings.length;
    for (const { device, eventMs, payload } of readings) {
      const startMs = minuteOf(eventMs);
      const tags = tagsOf(payload, seriesTags);
      const id = `${startMs} ${seriesText(this.#key, tags)}`;
      let minute = this.#minutes.get(id);
      if (!minute)
        this.#minutes.set(
          id,
          (minute = new SeriesMinute(series, { key: this.#key, tags }, startMs)),
        );
      const reading = { device, contract: name, version, receivedAtMs: eventMs, payload };
      minute.add(this.#layout, { ...reading, traceparent: null }, eventMs);
    }
  }

  /** Gives away the minutes that start before `throughMs`, epoch ms. */
  take(throughMs: number): SeriesMinute[] {
    const all = [...this.#minutes.entries()];
    this.#minutes = new Map(all.filter(([, { startMs }]) => startMs >= throughMs));
    this.count = 0;
    return all.map(([, minute]) => minute).filter(({ startMs }) => startMs < throughMs);
  }
}

/**
 * A final that differs from the one stored, its revision raised; null if it is the same. Null too if it has fewer
 * readings: some of what it would be made of is no longer stored, and the final knows more.
 * @param stored the final of the same series and window, if there is one.
 */
export function revise(final: RollupEffect, stored: StoredRollup | undefined): RollupEffect | null {
  if (!stored) return final;
  const count = stored.values[ROLLUP_COUNT];
  if (typeof count === "number" && final.count < count) return null;
  const isSame = rollupValues(final).every(([name, value]) => stored.values[name] === value);
  return isSame ? null : { ...final, revision: stored.revision + 1 };
}
