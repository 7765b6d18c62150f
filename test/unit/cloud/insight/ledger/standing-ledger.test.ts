// Goal: the ledger balances at every moment and ends with what became of each reading, whatever is lost, late,
// repeated, refused or killed, and whenever; and a term that is left out shows.
// Method: random logs, fates and schedules against the truth, counted the plain way.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { StandingLedger } from "../../../../../cloud/insight/ledger/standing-ledger.ts";
import type { LaneFacts } from "../../../../../cloud/insight/ledger/lane-balance.ts";
import type { LedgerTerms, SettledTerm } from "../../../../../contracts/messages/ledger.ts";
import { decodeFrame } from "../../../../../contracts/messages/frame.ts";
import { FrameWriter, type TestReading } from "../../../../support/nats-frames.ts";
import { type FatedFrame, LedgerLaneUnderTest } from "../../../../support/ledger-lane.ts";

const START_MS = 1_700_000_040_000;
/** Readings that are not older are never late. */
const IN_TIME_MS = 1_000;

interface Sketch {
  readonly gateway: "g1" | "g2";
  readonly stepMs: number;
  readonly readings: readonly { device: string; agoMs: number; contract: string; again: boolean }[];
  readonly fate: number;
  readonly refused: number | null;
  readonly storedTwice: boolean;
}

const sketch: fc.Arbitrary<Sketch> = fc.record({
  gateway: fc.constantFrom("g1", "g2"),
  stepMs: fc.integer({ min: 0, max: 9_000 }),
  readings: fc.array(
    fc.record({
      device: fc.constantFrom("a", "b", ""),
      agoMs: fc.constantFrom(0, 1_000, 200_000),
      contract: fc.constantFrom("machine", "machine", "measurement"),
      again: fc.nat({ max: 4 }).map((roll) => roll === 0),
    }),
    { maxLength: 4 },
  ),
  fate: fc.nat({ max: 19 }),
  refused: fc.option(fc.nat({ max: 3 }), { nil: null, freq: 4 }),
  storedTwice: fc.nat({ max: 7 }).map((roll) => roll === 0),
});

const readingSketch = (device: string, again: boolean): Sketch["readings"][number] => ({
  ...{ device, again },
  agoMs: 0,
  contract: "machine",
});

function readingOf(at: Sketch["readings"][number], clockMs: number): TestReading {
  const { device, contract } = at;
  const ts = clockMs - at.agoMs;
  const payload = contract === "machine" ? { ts, temperature: 20 } : { ts, value: 1 };
  return { device, contract, receivedAtMs: clockMs, payload };
}

/** Frames as two gateways would store them; the last of each arrives, so that every hole is seen. */
function toLog(sketches: readonly Sketch[], late = true): FatedFrame[] {
  const lane = { region: "eu", partition: 0 };
  const writers = { g1: new FrameWriter(lane, "g1"), g2: new FrameWriter(lane, "g2") };
  const log: FatedFrame[] = [];
  const whole = { lost: false, copyLacks: false, failing: false, refused: null };
  let clockMs = START_MS;
  let last: TestReading | null = null;
  const add = (of: Sketch, fate: Omit<FatedFrame, "seq" | "storeMs" | "data">): void => {
    clockMs += of.stepMs;
    const readings = of.readings.map((each) => {
      const isOld = last && clockMs - last.receivedAtMs > IN_TIME_MS;
      if (each.again && last && (late || !isOld)) return last;
      last = readingOf(late ? each : { ...each, agoMs: Math.min(each.agoMs, IN_TIME_MS) }, clockMs);
      return last;
    });
    const data = writers[of.gateway].encode(readings, clockMs);
    const seq = (log.at(-1)?.seq ?? 0) + 1 + (of.stepMs % 3);
    log.push({ seq, storeMs: clockMs + 3, data, ...fate });
    const again = { seq: seq + 1, storeMs: clockMs + 4, data, ...fate };
    if (of.storedTwice && !fate.lost && !fate.copyLacks) log.push(again);
  };
  for (const each of sketches) {
    const { fate, refused } = each;
    add(each, {
      lost: fate === 0,
      copyLacks: fate === 1 || fate === 2,
      failing: fate === 3,
      refused,
    });
  }
  const beat = { stepMs: 20_000, readings: [], fate: 9, refused: null, storedTwice: false };
  for (const gateway of ["g1", "g2", "g1", "g2"] as const) add({ ...beat, gateway }, whole);
  return log;
}

/** Readings of the log's frames by contract, each frame once, and those that are in no log. */
function truthOf(log: readonly FatedFrame[]) {
  const seen = new Set<string>();
  const readings: Record<string, number> = {};
  const setAside: Record<string, number> = {};
  let lost = 0;
  for (const frame of log) {
    const { header, readings: held } = decodeFrame(frame.data);
    const id = `${header.gateway} ${header.n}`;
    if (seen.has(id)) continue;
    seen.add(id);
    if (frame.lost) lost += held.length;
    else
      for (const { contract } of held) {
        readings[contract] = (readings[contract] ?? 0) + 1;
        if (frame.failing) setAside[contract] = (setAside[contract] ?? 0) + 1;
      }
  }
  return { readings, setAside, lost };
}

const sketches = fc.array(sketch, { maxLength: 30, size: "max" });
const schedules = fc.array(fc.nat({ max: 99 }), { maxLength: 300, size: "max" });
/** The ledger is looked at after some of the steps only, as in life. */
const LOOKED_EVERY = 6;

const NO_REJECTS = {};

function ledgerOf(ledger: StandingLedger, lane: Omit<LaneFacts, "atMs">, atMs = 0) {
  return ledger.take(atMs, { eu: { heardMs: 0, lanes: [lane], rejects: NO_REJECTS } });
}

const sumOf = ({ waiting, ...of }: LedgerTerms): number =>
  of.stored + of.repeats + of.refused + of.setAside + of.lost + of.open + waitingIn({ waiting });

const waitingIn = ({ waiting }: Pick<LedgerTerms, "waiting">): number =>
  waiting.region + waiting.hub + waiting.aggregator;

/** A kill in the middle of a hole: of its frames the first is done, the second is refused and under way. */
const KILLED_IN_A_HOLE: [Sketch[], number[]] = [
  [
    { fate: 4, gateway: "g1", stepMs: 0, readings: [] },
    { fate: 1, gateway: "g2", stepMs: 0, readings: [] },
    { fate: 1, gateway: "g2", stepMs: 0, readings: [readingSketch("", true)] },
    { fate: 4, gateway: "g2", stepMs: 0, readings: [readingSketch("a", false)] },
  ].map((each, at) => ({ ...each, refused: null, storedTwice: at > 0 }) as Sketch),
  [47, 47, 85, 87, 96],
];

describe("whatever happens", () => {
  test("the ledger balances at every moment, and ends with what became of each reading", () => {
    let checked = 0;
    fc.assert(
      fc.property(sketches, schedules, (of, schedule) => {
        const log = toLog(of);
        const lane = new LedgerLaneUnderTest(log);
        const ledger = new StandingLedger();
        for (const roll of schedule) {
          lane.step(roll);
          if (roll % LOOKED_EVERY > 0) continue;
          const { rows } = ledgerOf(ledger, lane.facts);
          for (const row of rows) expect(sumOf(row)).toBe(row.acknowledged);
        }
        lane.finish();
        const { rows, open } = ledgerOf(ledger, lane.facts);
        expect(open).toEqual([]);
        const { readings, setAside, lost } = truthOf(log);
        expect(rows.reduce((sum, row) => sum + row.lost, 0)).toBe(lost);
        for (const row of rows) {
          expect(sumOf(row)).toBe(row.acknowledged);
          expect(waitingIn(row)).toBe(0);
          const count = (readings[row.contract] ?? 0) + (row.contract === "?" ? lost : 0);
          expect(row.acknowledged).toBe(count);
          expect(row.setAside).toBe(setAside[row.contract] ?? 0);
          expect(row.lost).toBe(row.contract === "?" ? lost : 0);
          checked += row.stored;
        }
        expect(rows.map(({ contract }) => contract).filter((name) => name !== "?")).toEqual(
          Object.keys(readings).sort(),
        );
      }),
      { numRuns: 300, examples: [KILLED_IN_A_HOLE] },
    );
    expect(checked).toBeGreaterThan(1_000);
  });

  // Whether a late repeat is known depends on when its minute is repaired: here none is late, and no frame is
  // read after those behind it.
  test("each reading has the term that it has without a kill", () => {
    fc.assert(
      fc.property(sketches, schedules, (of, schedule) => {
        const log = toLog(of, false).map((frame) => ({ ...frame, copyLacks: false }));
        const lane = new LedgerLaneUnderTest(log);
        for (const roll of schedule) lane.step(roll);
        lane.finish();
        const straight = new LedgerLaneUnderTest(log);
        straight.finish();
        const settled = straight.facts.settled?.settled ?? {};
        expect(lane.facts.settled?.settled).toEqual(settled);
        const all = Object.values(settled);
        const { stored, rejected, repeats } = straight.decided;
        expect(all.reduce((sum, each) => sum + each.stored, 0)).toBe(stored);
        expect(all.reduce((sum, each) => sum + each.rejected, 0)).toBe(rejected);
        expect(all.reduce((sum, each) => sum + each.repeats, 0)).toBe(repeats);
      }),
      { numRuns: 300 },
    );
  });

  test("nothing is open for longer than it takes to fill a hole, if nothing is left out", () => {
    fc.assert(
      fc.property(sketches, schedules, (of, schedule) => {
        // A hole that is filled behind other frames differs until then: here none is.
        const log = toLog(of).map((frame) => ({ ...frame, copyLacks: false }));
        const lane = new LedgerLaneUnderTest(log);
        const ledger = new StandingLedger();
        for (const roll of schedule) {
          lane.step(roll);
          if (roll % LOOKED_EVERY === 0) expect(ledgerOf(ledger, lane.facts).open).toEqual([]);
        }
      }),
      { numRuns: 300 },
    );
  });
});

/** A lane of a hundred readings in fifty frames, all of them through. */
function quietLane(): Omit<LaneFacts, "atMs"> {
  const reading = { device: "a", agoMs: 0, contract: "machine", again: false };
  const frame: Sketch = {
    gateway: "g1",
    stepMs: 2_000,
    readings: [reading, { ...reading, device: "b", contract: "measurement" }],
    fate: 9,
    refused: null,
    storedTwice: false,
  };
  const lane = new LedgerLaneUnderTest(toLog(new Array<Sketch>(50).fill(frame)));
  lane.finish();
  return lane.facts;
}

describe("what is left out shows", () => {
  test.each<SettledTerm>(["stored"])("a term of the aggregator: %s", (term) => {
    const facts = quietLane();
    const { settled } = facts;
    const machine = settled!.settled["machine"]!;
    const less = { ...machine, [term]: machine[term] - 1 };
    const left = { ...settled!, settled: { ...settled!.settled, machine: less } };
    const ledger = new StandingLedger();
    ledgerOf(ledger, facts, 1_000);
    const { rows, open } = ledgerOf(ledger, { ...facts, settled: left }, 2_000);
    expect(rows.find(({ contract }) => contract === "machine")).toMatchObject({
      ...{ acknowledged: 50, stored: 49, open: 1 },
    });
    expect(open).toMatchObject([
      {
        ...{ region: "eu", partition: 0, readings: 1, sinceMs: 2_000 },
        frames: [settled!.seq, settled!.seq],
        why: "the aggregator judged 1 readings more of machine than it can account for",
      },
    ]);
  });

  test("a reading that the hub never judged, though the region counts it", () => {
    const facts = quietLane();
    const region = facts.region!;
    const more = (tally: (typeof region)["tally"]) => ({
      ...tally,
      readings: { ...tally.readings, machine: tally.readings["machine"]! + 1 },
    });
    const counted = {
      ...region,
      tally: more(region.tally),
      marks: region.marks.map((mark) => ({ ...mark, tally: more(mark.tally) })),
    };
    const { rows, open } = ledgerOf(new StandingLedger(), { ...facts, region: counted });
    expect(rows.find(({ contract }) => contract === "machine")).toMatchObject({
      ...{ acknowledged: 51, stored: 50, open: 1 },
    });
    expect(open).toHaveLength(1);
    expect(open[0]!.why).toBe(
      "the region counts 1 readings more of machine than the hub has judged",
    );
  });

  test("two differences that would cancel each other", () => {
    const facts = quietLane();
    const { settled } = facts;
    const { machine, measurement } = settled!.settled;
    const swapped = {
      machine: { ...machine!, stored: machine!.stored - 1 },
      measurement: { ...measurement!, stored: measurement!.stored + 1 },
    };
    const moved = { ...settled!, settled: swapped };
    const { open } = ledgerOf(new StandingLedger(), { ...facts, settled: moved });
    expect(open).toMatchObject([{ readings: 2 }]);
  });
});

test("while a region is not heard, what it said last and what the hub has go on", () => {
  const { settled, judged, copySeq, known } = quietLane();
  const { rows, open, heardMs } = new StandingLedger().take(0, {
    eu: {
      heardMs: null,
      lanes: [{ region: null, settled, judged, copySeq, known }],
      rejects: { "?": { refused: 3, gone: 2 } },
    },
  });
  expect(heardMs).toEqual({ eu: null });
  expect(open).toEqual([]);
  expect(rows.find(({ contract }) => contract === "machine")).toMatchObject({
    ...{ acknowledged: 50, stored: 50, open: 0 },
  });
  expect(rows.find(({ contract }) => contract === "?")).toMatchObject({
    ...{ acknowledged: 5, refused: 3, lost: 2, open: 0 },
  });
});

test("what the aggregator has not read waits, in the copy as far as that has it, else in the region", () => {
  const { region, settled, known } = quietLane();
  const behind = region!.marks[0]!;
  const empty = { ...settled!, ...behind, settled: {} };
  const done = {
    ...empty,
    settled: Object.fromEntries(
      Object.entries(behind.tally.readings).map(([contract, stored]) => [
        contract,
        { ...settled!.settled[contract]!, stored },
      ]),
    ),
  };
  const copySeq = Math.round((behind.seq + region!.seq) / 2);
  const { lanes } = ledgerOf(new StandingLedger(), {
    region,
    copySeq,
    judged: null,
    settled: done,
    known,
  });
  const { waiting, acknowledged, stored } = lanes[0]!;
  expect(acknowledged).toBe(100);
  expect(waiting.aggregator).toBe(0);
  expect(waiting.hub).toBeGreaterThan(0);
  expect(waiting.region + waiting.hub).toBe(100 - stored);
  expect(lanes[0]!.oldestMs).toBe(behind.storeMs);
});
