import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { FrameHeader } from "../../../../../contracts/messages/frame.ts";
import {
  EMPTY_LANE,
  GATEWAY_SILENT_MS,
  LATENESS_MS,
  type LaneState,
  judgeFrame,
  jumpOver,
} from "../../../../../platform/nats/lanes/lane.ts";

const header = (part: Partial<FrameHeader>): FrameHeader => ({
  v: 1,
  gateway: "g1",
  epoch: "e1",
  n: 1,
  count: 0,
  total: 0,
  clock: 0,
  ...part,
});

function follow(state: LaneState, part: Partial<FrameHeader>, storeMs: number): LaneState {
  const verdict = judgeFrame(state, header(part), storeMs);
  if (verdict.kind !== "new") throw new Error(`frame was judged ${verdict.kind}`);
  return verdict.state;
}

describe("frames", () => {
  test("a repeat is named as one, also of an epoch before the last", () => {
    let state = follow(EMPTY_LANE, { n: 1 }, 1_000);
    state = follow(state, { n: 2 }, 1_000);
    state = follow(state, { epoch: "e2", n: 1 }, 2_000);
    expect(judgeFrame(state, header({ n: 2 }), 3_000).kind).toBe("repeated");
    expect(judgeFrame(state, header({ n: 1 }), 3_000).kind).toBe("repeated");
    expect(judgeFrame(state, header({ epoch: "e2", n: 1 }), 3_000).kind).toBe("repeated");
  });

  test("a frame of the epoch before may land after the first of the new one", () => {
    let state = follow(EMPTY_LANE, { n: 1 }, 1_000);
    state = follow(state, { epoch: "e2", n: 1 }, 2_000);
    state = follow(state, { n: 2 }, 2_000);
    expect(follow(state, { epoch: "e2", n: 2 }, 2_000).newestStoreMs).toBe(2_000);
  });

  test("a number left out, or an unknown epoch that does not begin at 1, is a hole", () => {
    const state = follow(EMPTY_LANE, { n: 1 }, 1_000);
    expect(judgeFrame(state, header({ n: 5, count: 2, total: 9 }), 2_000)).toEqual({
      kind: "hole",
      hole: {
        gateway: "g1",
        epoch: "e1",
        fromN: 2,
        untilN: 5,
        totalBefore: 0,
        readings: 7,
        sinceMs: 1_000,
      },
    });
    expect(judgeFrame(state, header({ epoch: "e2", n: 2 }), 2_000).kind).toBe("hole");
    expect(judgeFrame(EMPTY_LANE, header({ gateway: "constructor", n: 2 }), 1).kind).toBe("hole");
  });

  test("behind a hole that was jumped over the next frame is new, and one before it a repeat", () => {
    const state = follow(EMPTY_LANE, { n: 1 }, 1_000);
    for (const epoch of ["e1", "e2"]) {
      const next = header({ epoch, n: 9 });
      const verdict = judgeFrame(state, next, 2_000);
      if (verdict.kind !== "hole") throw new Error(verdict.kind);
      const jumped = jumpOver(state, verdict.hole);
      expect(judgeFrame(jumped, next, 2_000).kind).toBe("new");
      expect(judgeFrame(jumped, header({ n: 1 }), 2_000).kind).toBe("repeated");
      expect(jumped.watermarkMs).toBe(state.watermarkMs);
    }
  });

  test("a frame that was lost and comes all the same is new, once", () => {
    const first = follow(EMPTY_LANE, { n: 1 }, 1_000);
    const verdict = judgeFrame(first, header({ n: 1e9, total: 5 }), 2_000);
    if (verdict.kind !== "hole") throw new Error(verdict.kind);
    let state = follow(jumpOver(first, verdict.hole), { n: 1e9, total: 5 }, 2_000);
    // The gateway goes on where it was: a lie about one number costs none of its frames.
    for (const n of [2, 3, 7, 5, 4]) {
      state = follow(state, { n }, 3_000 + n);
      expect(judgeFrame(state, header({ n }), 3_010).kind).toBe("repeated");
    }
    expect(judgeFrame(state, header({ n: 1e9 }), 4_000).kind).toBe("repeated");
    expect(judgeFrame(state, header({ n: 6 }), 4_000).kind).toBe("new");
    // What was known survives a position.
    const saved = JSON.parse(JSON.stringify(state)) as LaneState;
    expect(judgeFrame(saved, header({ n: 4 }), 4_000).kind).toBe("repeated");
    expect(judgeFrame(saved, header({ n: 8 }), 4_000).kind).toBe("new");
  });

  test("a hole before a frame whose total cannot be right has readings that nobody knows", () => {
    const state = follow(EMPTY_LANE, { n: 1, total: 10 }, 1_000);
    expect(judgeFrame(state, header({ n: 3, count: 1, total: 1 }), 2_000)).toMatchObject({
      hole: { readings: null },
    });
  });

  test("gateways beyond number do not make the lane grow, and those that write stay known", () => {
    let state = follow(EMPTY_LANE, { gateway: "ours", n: 1 }, 1_000);
    for (let at = 0; at < 2_000; at++) {
      state = follow(state, { gateway: `invented-${at}`, n: 1 }, 2_000 + at);
      if (at % 100 === 0) state = follow(state, { gateway: "ours", n: 2 + at / 100 }, 2_000 + at);
    }
    expect(Object.keys(state.gateways).length).toBeLessThanOrEqual(256);
    expect(judgeFrame(state, header({ gateway: "ours", n: 5 }), 5_000).kind).toBe("repeated");
  });

  test("where the log was trimmed an epoch may begin anywhere, and then has no holes", () => {
    const verdict = judgeFrame(EMPTY_LANE, header({ n: 57 }), 1_000, true);
    if (verdict.kind !== "new") throw new Error(verdict.kind);
    expect(judgeFrame(verdict.state, header({ n: 59 }), 1_000, true).kind).toBe("hole");
    expect(judgeFrame(verdict.state, header({ n: 58 }), 1_000, true).kind).toBe("new");
  });
});

describe("watermark", () => {
  test("the slowest gateway holds it back, until it is silent", () => {
    const start = 1_000_000;
    let state = follow(EMPTY_LANE, { gateway: "slow", clock: start }, start);
    state = follow(state, { gateway: "fast", clock: start + 20_000 }, start + 20_000);
    expect(state.watermarkMs).toBe(start - LATENESS_MS);
    const later = start + GATEWAY_SILENT_MS + 1;
    state = follow(state, { gateway: "fast", n: 2, clock: later }, later);
    expect(state.watermarkMs).toBe(later - LATENESS_MS);
  });

  test("a gateway clock that is ahead does not move it past store time", () => {
    const state = follow(EMPTY_LANE, { clock: 9e12 }, 1_000_000);
    expect(state.watermarkMs).toBe(1_000_000 - LATENESS_MS);
  });

  test("never goes back, and repeated frames anywhere in the log change nothing", () => {
    const frame = fc.record({
      gateway: fc.constantFrom("g1", "g2", "g3"),
      restart: fc.nat({ max: 9 }).map((roll) => roll === 0),
      clock: fc.nat({ max: 200_000 }),
      stepMs: fc.integer({ min: -50, max: 20_000 }),
      repeatOf: fc.option(fc.nat({ max: 50 }), { nil: null }),
    });
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 80 }), (frames) => {
        const marks = new Map<string, { epoch: number; n: number }>();
        const log: { header: FrameHeader; storeMs: number }[] = [];
        let storeMs = 100_000;
        for (const { gateway, restart, clock, stepMs } of frames) {
          const last = marks.get(gateway) ?? { epoch: 1, n: 0 };
          const mark = restart ? { epoch: last.epoch + 1, n: 1 } : { ...last, n: last.n + 1 };
          marks.set(gateway, mark);
          storeMs += stepMs;
          log.push({
            header: header({ gateway, epoch: `e${mark.epoch}`, n: mark.n, clock }),
            storeMs,
          });
        }
        let state = EMPTY_LANE;
        let withRepeats = EMPTY_LANE;
        log.forEach((entry, at) => {
          const { watermarkMs } = state;
          state = follow(state, entry.header, entry.storeMs);
          expect(state.watermarkMs).toBeGreaterThanOrEqual(watermarkMs);
          withRepeats = follow(withRepeats, entry.header, entry.storeMs);
          const { repeatOf } = frames[at]!;
          const repeat = repeatOf === null ? undefined : log[at - (repeatOf % 3)];
          if (repeat) expect(judgeFrame(withRepeats, repeat.header, storeMs).kind).toBe("repeated");
        });
        expect(withRepeats).toEqual(state);
      }),
    );
  });
});
