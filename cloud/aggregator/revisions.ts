// The finals of a repair group that differ from those stored, read and computed in parts.
//
// B1. A part is of whole minutes, and ends at the first minute with SLICE_READINGS readings behind it: a
//     group of any size is held a part at a time, a flooded minute as its statistics alone.
// B2. Between two questions, and every SERIES_PER_TURN series, other work of the process has its turn:
//     leases are renewed, lanes go on.
import { setImmediate as macrotask } from "node:timers/promises";
import { seriesText } from "../../contracts/messages/series.ts";
import { MINUTE, TEN_SECONDS } from "../../contracts/names/measurements.ts";
import type { RollupEffect } from "../sinks/effects.ts";
import type { KeyRange, RepairSource, StoredRollup } from "../sinks/sink.ts";
import type { ContractLayout } from "./contract-layout.ts";
import { Recomputation, revise } from "./recompute.ts";
import type { RepairGroup } from "./repair-marks.ts";
import { type SeriesMinute, minuteOf } from "./window.ts";

/** Readings after which the minutes behind them are finished; at about 1 kB each while their series are few. */
const SLICE_READINGS = 20_000;
const SERIES_PER_TURN = 50;
/** Finals in one part, to be written together. */
const FINALS_PER_PART = 500;

/** Yields parts of at most about `FINALS_PER_PART` finals, of every series of the group's key. */
export async function* revisions(
  source: RepairSource,
  of: { layout: ContractLayout; region: string; group: RepairGroup },
): AsyncGenerator<RollupEffect[]> {
  const { layout, region, group } = of;
  const { contract, seriesTags } = layout;
  for (const run of runsOf(group.minutes)) {
    let range = { region, contract, key: group.key, seriesTags, ...run };
    const recomputation = new Recomputation(layout, group.key);
    for await (const readings of source.readings(range)) {
      await macrotask(); // B2
      recomputation.add(readings);
      const throughMs = minuteOf(readings.at(-1)?.eventMs ?? range.fromMs);
      if (recomputation.count < SLICE_READINGS || throughMs <= range.fromMs) continue;
      yield* differing(source, { ...range, toMs: throughMs }, recomputation.take(throughMs)); // B1
      range = { ...range, fromMs: throughMs };
    }
    yield* differing(source, range, recomputation.take(range.toMs));
  }
}

/** Minutes one after the other as ranges. @param minutes their starts, in any order. */
function runsOf(minutes: readonly number[]): { fromMs: number; toMs: number }[] {
  const runs: { fromMs: number; toMs: number }[] = [];
  for (const startMs of minutes.toSorted((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last?.toMs === startMs) last.toMs += MINUTE.sizeMs;
    else runs.push({ fromMs: startMs, toMs: startMs + MINUTE.sizeMs });
  }
  return runs;
}

async function* differing(
  source: RepairSource,
  range: KeyRange,
  minutes: readonly SeriesMinute[],
): AsyncGenerator<RollupEffect[]> {
  if (minutes.length === 0) return;
  const stored = {
    [TEN_SECONDS.name]: await bySeries(range.key, source.finals(range, TEN_SECONDS)),
    [MINUTE.name]: await bySeries(range.key, source.finals(range, MINUTE)),
  };
  let part: RollupEffect[] = [];
  for (const [at, { finals }] of minutes.entries()) {
    if (at % SERIES_PER_TURN === 0) await macrotask(); // B2
    for (const final of finals) {
      const { name } = final.window === TEN_SECONDS ? TEN_SECONDS : MINUTE;
      const rollup = revise(final, stored[name].get(idOf(range.key, final)));
      if (rollup) part.push(rollup);
    }
    if (part.length < FINALS_PER_PART) continue;
    yield part;
    part = [];
  }
  if (part.length > 0) yield part;
}

const idOf = (key: string, { tags, startMs }: Pick<StoredRollup, "tags" | "startMs">): string =>
  `${startMs} ${seriesText(key, tags)}`;

async function bySeries(
  key: string,
  parts: AsyncIterable<readonly StoredRollup[]>,
): Promise<ReadonlyMap<string, StoredRollup>> {
  const all = new Map<string, StoredRollup>();
  for await (const part of parts) for (const rollup of part) all.set(idOf(key, rollup), rollup);
  return all;
}
