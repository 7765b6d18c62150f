// A lane's runs against a model of InfluxDB and of the saved position: straight through, or with crashes
// at the moments of a schedule.
import { expect } from "vitest";
import type { FrameEffects } from "../../cloud/aggregator/frame-effects.ts";
import type { LaneBounds } from "../../cloud/aggregator/lane-aggregate.ts";
import { type AggregatorPosition, START } from "../../cloud/aggregator/position.ts";
import { Recomputation, revise } from "../../cloud/aggregator/recompute.ts";
import { seriesText } from "../../contracts/messages/series.ts";
import type { StoredRollup } from "../../cloud/sinks/sink.ts";
import { LAYOUTS, type LoggedFrame, LoggedAggregate, Store, linesOf } from "./lane-log.ts";

/** What the repair job does, against the model. */
function repair(aggregate: LoggedAggregate, store: Store, groupsMax = 1_000): void {
  for (const group of aggregate.repairsDue(groupsMax)) {
    const { contract, key } = group;
    const layout = LAYOUTS.ofAllVersions(contract)!;
    const nameOf = ({ tags }: Pick<StoredRollup, "tags">): string => seriesText(key, tags);
    const recomputation = new Recomputation(layout, key);
    recomputation.add(store.readings(contract, key));
    for (const minute of recomputation.take(Number.POSITIVE_INFINITY)) {
      if (!group.minutes.includes(minute.startMs)) continue;
      for (const final of minute.finals) {
        const stored = store
          .finals(`${contract}_${final.window.name}`, key, layout.seriesTags)
          .filter((one) => nameOf(one) === nameOf(final))
          .find(({ startMs }) => startMs === final.startMs);
        const revised = revise(final, stored);
        if (revised) linesOf({ rollups: [revised] }).forEach((line) => store.write(line));
      }
    }
    aggregate.repaired(group);
  }
}

/** Frames that the copy lacks, by gateway and number: the region has them. */
type Origin = ReadonlyMap<string, LoggedFrame>;
const NOTHING_MISSING: Origin = new Map();

/** A frame and, before it, those that were missing, as lane-holes.ts/H3 gives them. */
function applyFilled(
  aggregate: LoggedAggregate,
  frame: LoggedFrame,
  origin: Origin,
): FrameEffects[] {
  const outcome = aggregate.applyLogged(frame);
  if (outcome.kind === "effects") return [outcome];
  if (outcome.kind === "nothing") return [];
  if (outcome.kind !== "hole") throw new Error(outcome.kind);
  const { gateway, fromN, untilN } = outcome.hole;
  const effects: FrameEffects[] = [];
  for (let n = fromN; n < untilN; n++) {
    const missing = origin.get(`${gateway} ${n}`)!;
    const seq = frame.seq - (untilN - n) * 1e-6;
    effects.push(...applyFilled(aggregate, { ...missing, seq }, origin));
  }
  return [...effects, ...applyFilled(aggregate, frame, origin)];
}

export function straightRun(
  log: readonly LoggedFrame[],
  origin = NOTHING_MISSING,
  bounds?: LaneBounds,
): { store: Store; late: number; uncounted: number } {
  const store = new Store();
  const aggregate = new LoggedAggregate(LAYOUTS, START, bounds);
  let late = 0;
  let uncounted = 0;
  for (const frame of log)
    for (const effects of applyFilled(aggregate, frame, origin)) {
      late += effects.late;
      uncounted += effects.uncounted;
      linesOf(effects).forEach((line) => store.write(line));
      aggregate.acknowledged(effects.seq);
    }
  repair(aggregate, store);
  return { store, late, uncounted };
}

/** One number of the schedule decides one step. */
export function crashingRun(
  log: readonly LoggedFrame[],
  schedule: readonly number[],
  origin = NOTHING_MISSING,
  bounds?: LaneBounds,
): Store {
  const store = new Store();
  let saved: AggregatorPosition = START;
  let aggregate = new LoggedAggregate(LAYOUTS, saved, bounds);
  let at = 0;
  let waiting: FrameEffects[] = [];
  const resume = (): void => {
    aggregate = new LoggedAggregate(LAYOUTS, saved, bounds);
    at = log.findIndex(({ seq }) => seq >= saved.seq);
    if (at < 0) at = log.length;
    waiting = [];
  };
  const apply = (): void => {
    const frame = log[at++];
    if (!frame) return;
    waiting.push(...applyFilled(aggregate, frame, origin));
  };
  const acknowledge = (count: number): void => {
    for (const effects of waiting.splice(0, count)) {
      linesOf(effects).forEach((line) => store.write(line));
      aggregate.acknowledged(effects.seq);
    }
  };
  const save = (): void => {
    const position = aggregate.position();
    expect(position.seq).toBeGreaterThanOrEqual(saved.seq);
    expect(position.doneSeq).toBeGreaterThanOrEqual(saved.doneSeq);
    expect(position.finalThroughMs).toBeGreaterThanOrEqual(saved.finalThroughMs);
    saved = JSON.parse(JSON.stringify(position)) as AggregatorPosition;
  };
  for (const step of schedule) {
    if (step < 50) apply();
    else if (step < 70) acknowledge(1 + (step % 3));
    else if (step < 85) save();
    else if (step < 88)
      linesOf({ rollups: aggregate.takeOpen(1 + (step % 3)) }).forEach((l) => store.write(l));
    else if (step < 90) repair(aggregate, store, 1 + (step % 2));
    else if (step < 95) {
      // InfluxDB took some lines of the write in flight, nobody heard of it.
      const lines = waiting.flatMap(linesOf);
      lines.slice(0, Math.floor((lines.length * (step - 90)) / 4)).forEach((l) => store.write(l));
      resume();
    } else resume();
  }
  while (at < log.length) apply();
  acknowledge(waiting.length);
  repair(aggregate, store);
  return store;
}
