// Goal: whatever crashes and whenever, what a lane writes is what it writes without a crash.
// Method: a model of InfluxDB and of the saved position; random schedules of apply, write,
// acknowledge, save and crash over random logs, against one straight run.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { FrameEffects } from "../../../../cloud/aggregator/lane-aggregate.ts";
import { type AggregatorPosition, START, joinedAt } from "../../../../cloud/aggregator/position.ts";
import { recompute, revise } from "../../../../cloud/aggregator/recompute.ts";
import { type FrameReading, decodeFrame } from "../../../../contracts/messages/frame.ts";
import { FrameWriter } from "../../../support/nats-frames.ts";
import {
  LAYOUTS,
  type LoggedFrame,
  LoggedAggregate,
  MINUTE_MS,
  Store,
  environment,
  linesOf,
} from "../../../support/lane-log.ts";

const START_MS = 1_700_000_040_000 - (1_700_000_040_000 % MINUTE_MS);

/** What the repair job does, against the model. */
function repair(aggregate: LoggedAggregate, store: Store, groupsMax = 1_000): void {
  for (const group of aggregate.repairsDue(groupsMax)) {
    const layout = LAYOUTS.ofAllVersions(group.contract)!;
    for (const minute of recompute(layout, group.key, store.readings(group.key))) {
      if (!group.minutes.includes(minute.startMs)) continue;
      for (const final of minute.finals) {
        const stored = store
          .finals(`environment_${final.window.name}`, group.key)
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

/** A frame and, before it, those that were missing, as lane-holes.ts gives them (H3). */
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

function straightRun(
  log: readonly LoggedFrame[],
  origin = NOTHING_MISSING,
): { store: Store; late: number } {
  const store = new Store();
  const aggregate = new LoggedAggregate(LAYOUTS, START);
  let late = 0;
  for (const frame of log)
    for (const effects of applyFilled(aggregate, frame, origin)) {
      late += effects.late;
      linesOf(effects).forEach((line) => store.write(line));
      aggregate.acknowledged(effects.seq);
    }
  repair(aggregate, store);
  return { store, late };
}

/** One number of the schedule decides one step. */
function crashingRun(
  log: readonly LoggedFrame[],
  schedule: readonly number[],
  origin = NOTHING_MISSING,
): Store {
  const store = new Store();
  let saved: AggregatorPosition = START;
  let aggregate = new LoggedAggregate(LAYOUTS, saved);
  let at = 0;
  let waiting: FrameEffects[] = [];
  const resume = (): void => {
    aggregate = new LoggedAggregate(LAYOUTS, saved);
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

const DEVICES = ["a", "b"] as const;
/** Later repeats of readings without a time are readings of their own. */
const REPEATED_WITHIN_MS = 2 * MINUTE_MS;

interface FrameSketch {
  readonly gateway: "g1" | "g2";
  readonly stepMs: number;
  readonly readings: readonly {
    readonly device: (typeof DEVICES)[number];
    readonly agoMs: number;
    readonly timed: boolean;
    readonly repeat: number | null;
  }[];
  readonly storedTwice: boolean;
}

const sketch: fc.Arbitrary<FrameSketch> = fc.record({
  gateway: fc.constantFrom("g1", "g2"),
  stepMs: fc.integer({ min: 0, max: 15_000 }),
  storedTwice: fc.nat({ max: 7 }).map((roll) => roll === 0),
  readings: fc.array(
    fc.record({
      device: fc.constantFrom(...DEVICES),
      agoMs: fc.oneof(
        { weight: 8, arbitrary: fc.integer({ min: -2_000, max: 6_000 }) },
        { weight: 1, arbitrary: fc.integer({ min: 60_000, max: 200_000 }) },
      ),
      timed: fc.nat({ max: 3 }).map((roll) => roll !== 0),
      repeat: fc.option(fc.nat({ max: 8 }), { nil: null, freq: 4 }),
    }),
    { maxLength: 4 },
  ),
});

/** Frames as two gateways would store them; repeats keep sequence and time, as devices do. */
function toLog(sketches: readonly FrameSketch[]): { log: LoggedFrame[]; sent: FrameReading[] } {
  const writers = { g1: writer("g1"), g2: writer("g2") };
  const log: LoggedFrame[] = [];
  const sent: FrameReading[] = [];
  let clockMs = START_MS;
  for (const { gateway, stepMs, readings, storedTwice } of sketches) {
    clockMs += stepMs;
    const held = readings.map(({ device, agoMs, timed, repeat }) => {
      const old = repeat === null ? undefined : sent.at(-1 - repeat);
      // A device without a clock repeats its reading and the gateway stamps it anew.
      if (old && clockMs - old.receivedAtMs <= REPEATED_WITHIN_MS)
        return { ...old, receivedAtMs: clockMs };
      const seq = sent.length;
      const fresh = environment(device, seq, timed ? clockMs - agoMs : null, seq, clockMs);
      sent.push(fresh);
      return fresh;
    });
    const data = writers[gateway].encode(
      held.map(({ traceparent: _, ...reading }) => reading),
      clockMs,
    );
    // Other lanes of the stream lie between.
    for (let copies = storedTwice ? 2 : 1; copies > 0; copies--)
      log.push({ seq: (log.at(-1)?.seq ?? 0) + 1 + (stepMs % 3), storeMs: clockMs + 3, data });
  }
  return { log, sent };
}

const writer = (gateway: string): FrameWriter =>
  new FrameWriter({ region: "eu", partition: 0 }, gateway);

describe("crash points", () => {
  test("a lane that crashes anywhere, any number of times, writes what it writes uncrashed", () => {
    fc.assert(
      fc.property(
        fc.array(sketch, { maxLength: 60 }),
        fc.array(fc.nat({ max: 99 }), { maxLength: 300 }),
        (sketches, schedule) => {
          const { log } = toLog(sketches);
          const store = crashingRun(log, schedule);
          expect(store.changedFinals).toEqual([]);
          expect(store.lasting).toEqual(straightRun(log).store.lasting);
        },
      ),
      { numRuns: 300 },
    );
  });

  test("the same where a copy lacks frames and the region has them", () => {
    fc.assert(
      fc.property(
        fc.array(sketch, { maxLength: 60 }),
        fc.array(fc.nat({ max: 3 }), { maxLength: 80 }),
        fc.array(fc.nat({ max: 99 }), { maxLength: 300 }),
        (sketches, lacks, schedule) => {
          const whole = toLog(sketches).log;
          const origin = new Map<string, LoggedFrame>();
          const log = whole.filter((frame, at) => {
            if (lacks[at] !== 0) return true;
            const { gateway, n } = decodeFrame(frame.data).header;
            origin.set(`${gateway} ${n}`, frame);
            return false;
          });
          // A frame that was stored twice may lack one copy only: then nothing is missing.
          const expected = straightRun(log, origin).store.lasting;
          const store = crashingRun(log, schedule, origin);
          expect(store.changedFinals).toEqual([]);
          expect(store.lasting).toEqual(expected);
        },
      ),
      { numRuns: 300 },
    );
  });

  test("every single crash point of one log, with the position of every earlier frame", () => {
    const steps = Array.from({ length: 30 }, (_, at): FrameSketch => ({
      gateway: at % 3 === 0 ? "g2" : "g1",
      stepMs: 7_000,
      storedTwice: at % 5 === 0,
      readings: [0, 3_000].map((agoMs) => ({
        device: DEVICES[at % 2]!,
        agoMs,
        timed: at % 4 !== 0,
        repeat: at % 6 === 5 ? 1 : null,
      })),
    }));
    const { log } = toLog(steps);
    const expected = straightRun(log).store.lasting;
    const APPLY = 0;
    const ACKNOWLEDGE = 50;
    const SAVE = 70;
    const CRASH_MID_WRITE = 93;
    for (let saveAt = 0; saveAt < log.length; saveAt++)
      for (let crashAt = saveAt; crashAt < log.length; crashAt++) {
        const schedule = [];
        for (let at = 0; at < log.length; at++) {
          schedule.push(APPLY, ...(at % 3 === 0 ? [] : [ACKNOWLEDGE + 1]));
          if (at === saveAt) schedule.push(SAVE);
          if (at === crashAt) schedule.push(CRASH_MID_WRITE);
        }
        const store = crashingRun(log, schedule);
        expect(store.changedFinals).toEqual([]);
        expect(store.lasting).toEqual(expected);
      }
  });
});

describe("each reading once", () => {
  test("every reading sent is one raw point, whatever was repeated", () => {
    fc.assert(
      fc.property(fc.array(sketch, { maxLength: 60 }), (sketches) => {
        const { log, sent } = toLog(sketches);
        const raw = straightRun(log).store.lasting.filter(([key]) =>
          key.startsWith("environment,"),
        );
        expect(raw).toHaveLength(sent.length);
      }),
    );
  });

  test("after repairs every closed window is what its distinct readings give, late ones too", () => {
    // Ten seconds that were closed and reached again are closed with the next ones (window.ts, W2).
    const quiet = (gateway: "g1" | "g2", stepMs: number): FrameSketch => ({
      gateway,
      stepMs,
      storedTwice: false,
      readings: [],
    });
    const nextTenSeconds = [quiet("g1", 15_000), quiet("g2", 0)];
    fc.assert(
      fc.property(
        fc.array(sketch, { maxLength: 60 }),
        fc.array(fc.nat({ max: 99 }), { maxLength: 200 }),
        (sketches, schedule) => {
          const { log, sent } = toLog([...sketches, ...nextTenSeconds]);
          const timed = sent.map((reading) => ({
            reading,
            eventMs: Number(reading.payload["ts"] ?? reading.receivedAtMs),
          }));
          const store = crashingRun(log, schedule);
          for (const { measurement, time, tags, fields } of store.allFinals) {
            const sizeMs = measurement.endsWith("_1m") ? MINUTE_MS : 10_000;
            const startMs = Number(time.slice(0, -6));
            const within = timed
              .filter(({ reading }) => tags === `region=eu,device=${reading.device}`)
              .filter(({ eventMs }) => eventMs >= startMs && eventMs < startMs + sizeMs)
              .map(({ reading }) => Number(reading.payload["co2"]));
            expect(fields).toMatchObject({
              count: within.length,
              co2_min: Math.min(...within),
              co2_max: Math.max(...within),
              co2_sum: within.reduce((sum, value) => sum + value, 0),
            });
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  test("a late reading is stored raw, counted as late, and its rollups are revised", () => {
    const g1 = writer("g1");
    const frames = [
      g1.encode([environment("a", 1, START_MS)].map(strip), START_MS),
      g1.encode([], START_MS + 2 * MINUTE_MS),
      g1.encode([environment("a", 2, START_MS + 1)].map(strip), START_MS + 2 * MINUTE_MS),
    ];
    const log = frames.map((data, at) => ({
      seq: at + 1,
      storeMs: START_MS + 3 * MINUTE_MS,
      data,
    }));
    const { store, late } = straightRun(log);
    expect(late).toBe(1);
    const counts = store.allFinals.map(({ measurement, fields }) => [
      measurement,
      fields["count"],
      fields["revision"],
    ]);
    expect(counts.sort()).toEqual([
      ["environment_10s", 2, 1],
      ["environment_1m", 2, 1],
    ]);
    expect(store.lasting.filter(([key]) => key.startsWith("environment,"))).toHaveLength(2);
  });
});

test("ten seconds that a reading reaches late are closed again, their minute counts it at once", () => {
  const g1 = writer("g1");
  const at = (seconds: number): number => START_MS + seconds * 1_000;
  const log = [
    g1.encode([environment("a", 1, START_MS)].map(strip), at(0)),
    g1.encode([], at(20)),
    g1.encode([environment("a", 2, START_MS + 1)].map(strip), at(20)),
    g1.encode([], at(30)),
    g1.encode([], at(70)),
  ].map((data, index) => ({ seq: index + 1, storeMs: at(70), data }));
  const { store, late } = straightRun(log);
  expect(late).toBe(0);
  const counts = store.allFinals.map(({ fields }) => [fields["count"], fields["revision"]]);
  expect(counts).toEqual([
    [2, 1],
    [2, 0],
  ]);
});

test("a frame of an unknown contract waits for it", () => {
  const unknown = { ...environment("a", 1, START_MS), contract: "later" };
  const data = writer("g1").encode([strip(unknown)], START_MS);
  const aggregate = new LoggedAggregate(LAYOUTS, START);
  expect(aggregate.applyLogged({ seq: 5, storeMs: START_MS, data })).toEqual({
    kind: "awaits",
    version: { contract: "later", version: 1 },
  });
});

test("a log whose beginning was trimmed has no hole; its first window gets no final", () => {
  const aggregate = new LoggedAggregate(LAYOUTS, joinedAt(START_MS));
  const g1 = writer("g1");
  const lines = [
    g1.encode([strip(environment("a", 1, START_MS + 1))], START_MS, 56),
    g1.encode([strip(environment("a", 2, START_MS + MINUTE_MS))], START_MS + MINUTE_MS),
    g1.encode([], START_MS + 3 * MINUTE_MS),
  ].flatMap((data, at) => {
    const outcome = aggregate.applyLogged({
      seq: 900 + at,
      storeMs: START_MS + at * 70_000,
      data,
    });
    if (outcome.kind !== "effects") throw new Error(JSON.stringify(outcome));
    return linesOf(outcome);
  });
  expect(lines.filter((line) => line.startsWith("environment,"))).toHaveLength(2);
  const finals = lines.filter((line) => line.startsWith("environment_1m,"));
  expect(finals.map((line) => line.split(" ")[2])).toEqual([`${START_MS + MINUTE_MS}000000`]);
});

const strip = ({ traceparent: _, ...reading }: FrameReading): Omit<FrameReading, "traceparent"> =>
  reading;
