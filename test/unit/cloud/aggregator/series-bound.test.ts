// Goal: more series than may be open stop no lane and cost no reading and no rollup, whatever crashes.
// Method: logs of tagged readings with a bound of very few series, with and without crashes, against
// one straight run without a bound.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { START, joinedAt } from "../../../../cloud/aggregator/position.ts";
import type { FrameEffects } from "../../../../cloud/aggregator/frame-effects.ts";
import type { FrameReading } from "../../../../contracts/messages/frame.ts";
import { FrameWriter } from "../../../support/nats-frames.ts";
import {
  LAYOUTS,
  type LoggedFrame,
  LoggedAggregate,
  MINUTE_MS,
  linesOf,
} from "../../../support/lane-log.ts";
import { crashingRun, straightRun } from "../../../support/lane-runs.ts";

const START_MS = 1_700_000_040_000 - (1_700_000_040_000 % MINUTE_MS);
const NOTHING_MISSING = new Map<string, LoggedFrame>();

const measured = (device: string, ts: number, value: number, tags: object) => ({
  device,
  contract: "measurement",
  version: 1,
  receivedAtMs: ts,
  payload: { ts, value, ...tags },
});

interface Sketch {
  readonly gateway: "g1" | "g2";
  readonly stepMs: number;
  readonly readings: readonly {
    readonly device: string;
    readonly quantity: string | undefined;
    readonly sensor: string | undefined;
    readonly agoMs: number;
    readonly again: number | null;
  }[];
}

const sketch: fc.Arbitrary<Sketch> = fc.record({
  gateway: fc.constantFrom("g1", "g2"),
  stepMs: fc.integer({ min: 0, max: 20_000 }),
  readings: fc.array(
    fc.record({
      device: fc.constantFrom("a", "b"),
      quantity: fc.constantFrom(undefined, "t", "p", "h"),
      sensor: fc.constantFrom(undefined, undefined, "s"),
      agoMs: fc.oneof(
        { weight: 6, arbitrary: fc.integer({ min: -2_000, max: 6_000 }) },
        { weight: 1, arbitrary: fc.integer({ min: 60_000, max: 200_000 }) },
      ),
      again: fc.option(fc.nat({ max: 5 }), { nil: null, freq: 4 }),
    }),
    { maxLength: 5 },
  ),
});

/** Its last frames end every minute. */
function toLog(sketches: readonly Sketch[]): LoggedFrame[] {
  const lane = { region: "eu", partition: 0 };
  const writers = { g1: new FrameWriter(lane, "g1"), g2: new FrameWriter(lane, "g2") };
  const sent: ReturnType<typeof measured>[] = [];
  const quiet = (gateway: "g1" | "g2", stepMs: number) => ({ gateway, stepMs, readings: [] });
  const end = [quiet("g1", 600_000), quiet("g2", 0), quiet("g1", 60_000), quiet("g2", 0)];
  let clockMs = START_MS;
  return [...sketches, ...end].map(({ gateway, stepMs, readings }, at) => {
    clockMs += stepMs;
    const held = readings.map(({ device, agoMs, again, ...tags }) => {
      const old = again === null ? undefined : sent.at(-1 - again);
      if (old) return old;
      sent.push(measured(device, clockMs - agoMs, sent.length, tags));
      return sent.at(-1)!;
    });
    return { seq: at + 1, storeMs: clockMs + 3, data: writers[gateway].encode(held, clockMs) };
  });
}

describe.each([0, 1, 3])("with at most %i open series", (seriesOpen) => {
  const bounds = { seriesOpen };

  test("a lane writes what it writes without a bound, once it is repaired", () => {
    let uncounted = 0;
    fc.assert(
      fc.property(fc.array(sketch, { maxLength: 40 }), (sketches) => {
        const log = toLog(sketches);
        const bounded = straightRun(log, NOTHING_MISSING, bounds);
        uncounted += bounded.uncounted;
        expect(bounded.store.changedFinals).toEqual([]);
        expect(bounded.store.lasting).toEqual(straightRun(log).store.lasting);
      }),
    );
    expect(uncounted).toBeGreaterThan(100);
  });

  test("the same with crashes anywhere", () => {
    fc.assert(
      fc.property(
        fc.array(sketch, { maxLength: 40 }),
        fc.array(fc.nat({ max: 99 }), { maxLength: 200 }),
        (sketches, schedule) => {
          const log = toLog(sketches);
          const store = crashingRun(log, schedule, NOTHING_MISSING, bounds);
          expect(store.lasting).toEqual(straightRun(log).store.lasting);
        },
      ),
      { numRuns: 200 },
    );
  });

  test(
    "the same at every single crash point, with the position of every earlier frame",
    {
      timeout: 30_000,
    },
    () => {
      const log = toLog(
        Array.from({ length: 13 }, (_, at): Sketch => ({
          gateway: at % 3 === 0 ? "g2" : "g1",
          stepMs: 14_000,
          readings: ["t", "p", undefined, "h"].slice(0, 1 + (at % 4)).map((quantity, place) => ({
            device: at % 5 === 0 ? "b" : "a",
            quantity,
            sensor: undefined,
            agoMs: at % 7 === 6 && place === 0 ? 100_000 : place * 2_000,
            again: at % 6 === 5 && place === 1 ? 2 : null,
          })),
        })),
      );
      const expected = straightRun(log).store.lasting;
      const [APPLY, ACKNOWLEDGE, SAVE, REPAIR, CRASH_MID_WRITE] = [0, 51, 70, 89, 93];
      for (let saveAt = 0; saveAt < log.length; saveAt++)
        for (let crashAt = saveAt; crashAt < log.length; crashAt++) {
          const schedule = [];
          for (let at = 0; at < log.length; at++) {
            schedule.push(APPLY, ...(at % 3 === 0 ? [] : [ACKNOWLEDGE]));
            if (at % 4 === 0) schedule.push(REPAIR);
            if (at === saveAt) schedule.push(SAVE);
            if (at === crashAt) schedule.push(CRASH_MID_WRITE);
          }
          const store = crashingRun(log, schedule, NOTHING_MISSING, bounds);
          expect(store.lasting).toEqual(expected);
        }
    },
  );
});

function laneOf(bounds: { seriesOpen: number; marks: number; readings: number }) {
  const { seriesOpen, ...repairs } = bounds;
  const aggregate = new LoggedAggregate(LAYOUTS, START, { seriesOpen, repairs });
  const writer = new FrameWriter({ region: "eu", partition: 0 });
  let seq = 0;
  const apply = (clockMs: number, readings: Omit<FrameReading, "traceparent">[]) => {
    const frame = { seq: seq + 1, storeMs: clockMs, data: writer.encode(readings, clockMs) };
    const outcome = aggregate.applyLogged(frame);
    if (outcome.kind !== "effects") return { frame, outcome };
    seq += 1;
    return { frame, outcome };
  };
  return { aggregate, apply };
}

const effectsOf = ({ outcome }: { outcome: { kind: string } }): FrameEffects => {
  expect(outcome.kind).toBe("effects");
  return outcome as FrameEffects;
};

const pumps = (startMs: number, from: number, count: number) =>
  Array.from({ length: count }, (_, at) =>
    measured(`pump-${from + at}`, startMs + from + at, at, { quantity: "run" }),
  );

test("minutes that cannot be repaired yet hold no lane up, however many keys they are of", () => {
  const { aggregate, apply } = laneOf({ seriesOpen: 2, marks: 3, readings: 1_000 });
  const first = effectsOf(apply(START_MS, pumps(START_MS, 0, 20)));
  expect([first.readings.length, first.uncounted, first.unwritable]).toEqual([20, 18, []]);
  expect(effectsOf(apply(START_MS + 1_000, pumps(START_MS, 20, 20))).uncounted).toBe(20);
  effectsOf(apply(START_MS + 3 * MINUTE_MS, []));
  // Now they can be, and are more than may wait: the next frame does.
  const waiting = apply(START_MS + 3 * MINUTE_MS, []);
  expect(waiting.outcome).toEqual({ kind: "awaits-repairs" });
  expect(aggregate.repairsDue(100)).toEqual([]);
  aggregate.acknowledged(3);
  const due = aggregate.repairsDue(100);
  expect(due).toHaveLength(38);
  for (const group of due) aggregate.repaired(group);
  expect(aggregate.applyLogged(waiting.frame).kind).toBe("effects");
  expect(aggregate.position().uncounted).toBeUndefined();
});

test("a series that found no room gets no final of a part, though there is room later in its minute", () => {
  const { aggregate, apply } = laneOf({ seriesOpen: 1, marks: 100, readings: 1_000 });
  const next = START_MS + MINUTE_MS;
  effectsOf(apply(START_MS, [measured("a", START_MS, 1, {})]));
  expect(effectsOf(apply(next, [measured("b", next, 1, {})])).uncounted).toBe(1);
  // The minute of the first series ends here.
  effectsOf(apply(next + 20_000, []));
  expect(effectsOf(apply(next + 20_000, [measured("b", next + 1, 2, {})])).uncounted).toBe(1);
  const { rollups } = effectsOf(apply(next + 3 * MINUTE_MS, []));
  expect(rollups.map(({ key }) => key)).not.toContain("b");
  aggregate.acknowledged(5);
  expect(aggregate.repairsDue(10)).toMatchObject([{ key: "b", minutes: [next] }]);
});

test("past the readings that may wait, those without room become rejects and the lane goes on", () => {
  const { apply } = laneOf({ seriesOpen: 2, marks: 100, readings: 5 });
  const { readings, unwritable } = effectsOf(apply(START_MS, pumps(START_MS, 0, 10)));
  expect(readings).toHaveLength(2 + 5);
  expect(unwritable).toEqual([7, 8, 9]);
  // Open series go on as before.
  const again = effectsOf(
    apply(
      START_MS + 1_000,
      pumps(START_MS, 0, 2).map((one) => ({ ...one, payload: { ...one.payload, value: 9 } })),
    ),
  );
  expect([again.readings.length, again.unwritable]).toEqual([2, []]);
});

test("a lane that joined a trimmed log remembers over a restart which minutes it owes", () => {
  const writer = new FrameWriter({ region: "eu", partition: 0 });
  for (let trimmed = 0; trimmed < 56; trimmed++) writer.encode([], START_MS);
  const first = new LoggedAggregate(LAYOUTS, joinedAt(START_MS + 20_000));
  const frames = [START_MS + 21_000, START_MS + 70_000, START_MS + 130_000].map((clockMs, at) => ({
    seq: 500 + at,
    storeMs: clockMs,
    data: writer.encode(at === 0 ? [measured("a", START_MS + 20_500, 1, {})] : [], clockMs),
  }));
  const [one, ...rest] = frames;
  expect(first.applyLogged(one!).kind).toBe("effects");
  first.acknowledged(one!.seq);
  const saved = first.position();
  expect(saved.uncounted).toEqual([START_MS]);
  const second = new LoggedAggregate(LAYOUTS, saved);
  const finals = [one!, ...rest].flatMap((frame) => {
    const outcome = second.applyLogged(frame);
    if (outcome.kind === "effects") second.acknowledged(frame.seq);
    return outcome.kind === "effects" ? linesOf(outcome) : [];
  });
  expect(finals).toEqual([]);
  expect(second.repairsDue(10)).toMatchObject([{ key: "a", minutes: [START_MS] }]);
});
