// Rollups from stored readings instead of from the log. Pure.
import { seriesText, tagsOf } from "../../contracts/messages/series.ts";
import { type RollupEffect, rollupValues } from "../sinks/effects.ts";
import type { StoredReading, StoredRollup } from "../sinks/sink.ts";
import type { ContractLayout } from "./contract-layout.ts";
import { SeriesMinute, minuteOf } from "./window.ts";

/**
 * The minutes of each series that hold any of the readings, each with its tens of seconds. Readings in a
 * store are told apart by their places: each of them counts.
 * @param layout of all versions of the contract. @param readings of one partition key, in any order.
 */
export function recompute(
  layout: ContractLayout,
  key: string,
  readings: readonly StoredReading[],
): SeriesMinute[] {
  const { name, version } = layout.contract;
  const minutes = new Map<string, SeriesMinute>();
  for (const { device, eventMs, payload } of readings) {
    const startMs = minuteOf(eventMs);
    const tags = tagsOf(payload, layout.seriesTags);
    const id = `${startMs} ${seriesText(key, tags)}`;
    let minute = minutes.get(id);
    if (!minute)
      minutes.set(id, (minute = new SeriesMinute(layout.series, { key, tags }, startMs)));
    const reading = { device, contract: name, version, receivedAtMs: eventMs, payload };
    minute.add(layout, { ...reading, traceparent: null }, eventMs);
  }
  return [...minutes.values()];
}

/**
 * A final that differs from the one stored, its revision raised; null if it is the same.
 * @param stored the final of the same series and window, if there is one.
 */
export function revise(final: RollupEffect, stored: StoredRollup | undefined): RollupEffect | null {
  if (!stored) return final;
  const isSame = rollupValues(final).every(([name, value]) => stored.values[name] === value);
  return isSame ? null : { ...final, revision: stored.revision + 1 };
}
