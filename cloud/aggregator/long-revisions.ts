// Finals of hours and days that differ from those stored, merged from stored finals of the window below.
//
// L1. A day is merged from its hours, in which the hour in hand is as it is now, stored or not.
// L2. Series are told apart by what the store gives back: key and tags, as the raw points have them.
import { DAY, HOUR, MINUTE, type RollupWindow } from "../../contracts/names/measurements.ts";
import { seriesText } from "../../contracts/messages/series.ts";
import type { RollupEffect } from "../sinks/effects.ts";
import { rollupValues } from "../sinks/effects.ts";
import type { KeyedRollup, LongSource } from "../sinks/sink.ts";
import type { ContractLayout } from "./contract-layout.ts";
import { hourOf } from "./long-hours.ts";
import { mergedRollup } from "./long-statistics.ts";
import { revise } from "./recompute.ts";

/** Keys whose finals are read at once: some thousands of rows while each has one series. */
const KEYS_AT_ONCE = 50;

/** Keys of one contract. */
export interface LongKeys {
  /** The layout of all versions of the contract. */
  readonly layout: ContractLayout;
  readonly region: string;
  readonly keys: readonly string[];
}

/** An hour, with or without the day that it is in. */
export interface LongTime {
  readonly hourMs: number;
  readonly withDay: boolean;
}

/** The start of the day of UTC that a time is in. */
export const dayOf = (ms: number): number => Math.floor(ms / DAY.sizeMs) * DAY.sizeMs;

export const endsDay = (hourMs: number): boolean =>
  hourOf(hourMs) + HOUR.sizeMs === dayOf(hourMs) + DAY.sizeMs;

/** Keys with finals of minutes in the hour, and of hours in its day if that is wanted, some at a time. */
export async function keysOf(
  source: LongSource,
  layouts: readonly ContractLayout[],
  {
    region,
    hourMs,
    withDay,
    owns,
  }: LongTime & { readonly region: string; readonly owns: (key: string) => boolean },
): Promise<LongKeys[]> {
  const all: LongKeys[] = [];
  for (const layout of layouts) {
    const of = { region, contract: layout.contract, seriesTags: layout.seriesTags };
    const hour = { ...of, fromMs: hourMs, toMs: hourMs + HOUR.sizeMs };
    const day = { ...of, fromMs: dayOf(hourMs), toMs: dayOf(hourMs) + DAY.sizeMs };
    const found = new Set(await source.keys(hour, MINUTE));
    if (withDay) for (const key of await source.keys(day, HOUR)) found.add(key);
    const keys = [...found].filter(owns);
    for (let at = 0; at < keys.length; at += KEYS_AT_ONCE)
      all.push({ layout, region, keys: keys.slice(at, at + KEYS_AT_ONCE) });
  }
  return all;
}

/**
 * The next hour with finals of minutes after one that has none: never past the last hour of its day, nor `untilMs`.
 */
export async function nextHour(
  source: LongSource,
  layouts: readonly ContractLayout[],
  {
    region,
    hourMs,
    untilMs,
  }: { readonly region: string; readonly hourMs: number; readonly untilMs: number },
): Promise<number> {
  const lastOfDay = dayOf(hourMs) + DAY.sizeMs - HOUR.sizeMs;
  let next = hourMs === lastOfDay ? hourMs + HOUR.sizeMs : Math.min(lastOfDay, untilMs);
  for (const { contract, seriesTags } of layouts) {
    const fromMs = hourMs + HOUR.sizeMs;
    if (next <= fromMs) return fromMs;
    const first = await source.firstFinal(
      { region, contract, seriesTags, fromMs, toMs: next },
      MINUTE,
    );
    if (first !== null) next = Math.min(next, hourOf(first));
  }
  return next;
}

/** Finals of the hour, and of its day if that is wanted, as they are to be written: those that differ. */
export async function longRevisions(
  source: LongSource,
  of: LongKeys,
  { hourMs, withDay }: LongTime,
): Promise<RollupEffect[]> {
  const { layout, region, keys } = of;
  const range = { region, contract: layout.contract, seriesTags: layout.seriesTags, keys };
  const hour = { ...range, fromMs: hourMs, toMs: hourMs + HOUR.sizeMs };
  const day = { ...range, fromMs: dayOf(hourMs), toMs: dayOf(hourMs) + DAY.sizeMs };
  const minutes = await gathered(source.finalsOf(hour, MINUTE));
  const hours = await gathered(source.finalsOf(withDay ? day : hour, HOUR));
  const revised: RollupEffect[] = [];
  const merge = (
    parts: readonly KeyedRollup[],
    stored: KeyedRollup | undefined,
    [window, startMs]: [RollupWindow, number],
  ): KeyedRollup => {
    const { key, tags } = parts[0]!;
    const merged = mergedRollup(
      { series: layout.series, of: { key, tags }, window, startMs },
      parts,
    );
    const differing = revise(merged, stored);
    if (differing) revised.push(differing);
    else if (stored) return stored;
    const values = Object.fromEntries(rollupValues(merged));
    return { key, tags, startMs, revision: merged.revision!, values };
  };
  const inHour = (one: KeyedRollup): boolean => one.startMs === hourMs;
  for (const [series, parts] of minutes) {
    const others = hours.get(series) ?? [];
    const merged = merge(parts, others.find(inHour), [HOUR, hourMs]);
    hours.set(series, [...others.filter((one) => !inHour(one)), merged]); // L1
  }
  if (!withDay) return revised;
  const days = await gathered(source.finalsOf(day, DAY));
  for (const [series, parts] of hours) merge(parts, days.get(series)?.[0], [DAY, dayOf(hourMs)]);
  return revised;
}

/** Finals by series (L2). */
async function gathered(
  parts: AsyncIterable<readonly KeyedRollup[]>,
): Promise<Map<string, KeyedRollup[]>> {
  const all = new Map<string, KeyedRollup[]>();
  for await (const part of parts)
    for (const rollup of part) {
      const id = seriesText(rollup.key, rollup.tags);
      const known = all.get(id);
      if (known) known.push(rollup);
      else all.set(id, [rollup]);
    }
  return all;
}
