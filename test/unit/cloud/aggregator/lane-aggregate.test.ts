// Goal: whatever crashes and whenever, what a lane writes is what it writes without a crash.
// Method: a model of InfluxDB and of the saved position; random schedules of apply, write,
// acknowledge, save and crash over random logs, against one straight run.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { START, joinedAt } from "../../../../cloud/aggregator/position.ts";
import { type FrameReading, decodeFrame } from "../../../../contracts/messages/frame.ts";
import { FrameWriter } from "../../../support/nats-frames.ts";
import type { Store } from "../../../support/lane-log.ts";
import {
  LAYOUTS,
  type LoggedFrame,
  LoggedAggregate,
  MINUTE_MS,
  environment,
  linesOf,
} from "../../../support/lane-log.ts";
import { crashingRun, straightRun } from "../../../support/lane-runs.ts";

const START_MS = 1_700_000_040_000 - (1_700_000_040_000 % MINUTE_MS);

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
    // Ten seconds that were closed and reached again are closed with the next ones (window.ts/W2).
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

describe("different readings never share a point, whatever crashes", () => {
  const pulse = (receivedAtMs: number): FrameReading => ({
    ...environment("p", 0, null, 0, receivedAtMs),
    contract: "measurement",
    payload: { value: 1 },
  });
  const restarted = (ts: number, co2: number, receivedAtMs: number): FrameReading =>
    environment("a", 7, ts, co2, receivedAtMs);

  const frames = fc.array(
    fc.record({
      gateway: fc.constantFrom("g1", "g2"),
      stepMs: fc.constantFrom(0, 0, 1, 20_000, 70_000),
      pulses: fc.nat({ max: 20 }),
      // Some come again; some are older than every open window.
      anew: fc.array(fc.record({ co2: fc.nat({ max: 30 }), agoMs: fc.constantFrom(0, 200_000) })),
    }),
    { maxLength: 20 },
  );
  const schedules = fc.array(fc.nat({ max: 99 }), { maxLength: 100 });

  test("equal pulses are as many as were sent, other values of one sequence too, repeats are none", () => {
    fc.assert(
      fc.property(frames, schedules, (sent, schedule) => {
        const writers = { g1: writer("g1"), g2: writer("g2") };
        const distinct = new Set<string>();
        let clockMs = START_MS;
        let pulses = 0;
        const log = sent.map(({ gateway, stepMs, pulses: count, anew }, at) => {
          clockMs += stepMs;
          pulses += count;
          const readings = Array.from({ length: count }, () => pulse(clockMs));
          for (const { co2, agoMs } of anew) {
            const ts = agoMs === 0 ? START_MS : START_MS - agoMs;
            distinct.add(`${ts} ${co2}`);
            readings.push(restarted(ts, co2, clockMs));
          }
          const data = writers[gateway as "g1"].encode(readings.map(strip), clockMs);
          return { seq: at + 1, storeMs: clockMs + 3, data };
        });
        const pointsOf = (store: Store, measurement: string): string[] =>
          store.lasting.map(([key]) => key).filter((key) => key.startsWith(`${measurement},`));
        const straight = straightRun(log).store;
        expect(pointsOf(straight, "measurement")).toHaveLength(pulses);
        const crashed = crashingRun(log, schedule);
        expect(pointsOf(crashed, "measurement")).toEqual(pointsOf(straight, "measurement"));
        for (const store of [straight, crashed])
          expect(pointsOf(store, "environment")).toHaveLength(distinct.size);
      }),
      { numRuns: 150 },
    );
  });

  test("1,000 readings of one device and millisecond in several frames are 1,000 points, late or not", () => {
    for (const agoMs of [0, 3_600_000]) {
      const g1 = writer("g1");
      const readings = Array.from({ length: 1_000 }, (_, n) =>
        strip(restarted(START_MS - agoMs, n, START_MS)),
      );
      const parts = [readings.slice(0, 400), readings.slice(400), readings.slice(300, 500), []];
      const log = parts.map((part, at) => ({
        seq: at + 1,
        storeMs: START_MS + 3 * MINUTE_MS + at,
        data: g1.encode(part, START_MS + (at === 3 ? 2 * MINUTE_MS : at)),
      }));
      const store = straightRun(log).store;
      const raw = store.lasting.filter(([key]) => key.startsWith("environment,"));
      expect(raw).toHaveLength(1_000);
      const minute = store.allFinals.find(({ measurement }) => measurement === "environment_1m");
      expect(minute?.fields["count"]).toBe(1_000);
      for (let step = 50; step < 100; step += 7)
        expect(crashingRun(log, [0, 50, 70, 0, step, 0, 95]).lasting).toEqual(store.lasting);
    }
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

test("a canary comes out once, with the effects of its frame, and counts in nothing", () => {
  const writer = new FrameWriter({ region: "eu", partition: 0 });
  const data = writer.encode([], START_MS, 0, START_MS - 5);
  const aggregate = new LoggedAggregate(LAYOUTS, START);
  const first = aggregate.applyLogged({ seq: 1, storeMs: START_MS, data });
  expect(first).toMatchObject({
    canary: { gateway: "g1", sentMs: START_MS - 5 },
    readings: [],
    rollups: [],
  });
  const again = aggregate.applyLogged({ seq: 2, storeMs: START_MS, data });
  expect(again).toMatchObject({ canary: null });
  aggregate.acknowledged(2);
  const replayed = new LoggedAggregate(LAYOUTS, { ...START, doneSeq: 1 });
  expect(replayed.applyLogged({ seq: 1, storeMs: START_MS, data })).toEqual({ kind: "nothing" });
});
