import { expect, test } from "vitest";
import { FrameJudge } from "../../../../../cloud/operations/lanes/judged-frames.ts";
import { FrameWriter } from "../../../../support/nats-frames.ts";

const reading = (n: number) => ({
  device: "boiler-7",
  contract: "climate",
  receivedAtMs: 1_000 + n,
  payload: { temperature: n },
});

test("holes and repeats are found as an operator finds them; the rest goes on", () => {
  const writer = new FrameWriter({ region: "eu", partition: 0 });
  const judge = new FrameJudge();
  const first = writer.encode([reading(1)], 1_000);
  const take = (seq: number, data: Uint8Array) => judge.judge({ seq, storeMs: 1_000 + seq, data });

  expect(take(1, first)).toMatchObject({ seq: 1, isRepeated: false, hole: null, problem: null });
  expect(take(2, first)).toMatchObject({ isRepeated: true, hole: null });
  const third = take(3, writer.encode([reading(2), reading(3)], 1_001, 2));
  expect(third.hole).toMatchObject({ gateway: "g1", epoch: "e1", fromN: 2, untilN: 4 });
  expect(third.frame?.readings).toHaveLength(2);
  expect(take(4, writer.encode([], 1_002))).toMatchObject({ isRepeated: false, hole: null });
});

test("a frame that nobody can read is told and does not end the reading", () => {
  const writer = new FrameWriter({ region: "eu", partition: 0 });
  const judge = new FrameJudge();
  const broken = judge.judge({ seq: 1, storeMs: 1, data: Buffer.from("?") });
  expect(broken).toMatchObject({
    frame: null,
    problem: "the frame is neither JSON nor compressed JSON",
  });
  expect(judge.judge({ seq: 2, storeMs: 2, data: writer.encode([], 2) }).problem).toBe(null);
});

test("a log that is read from its middle begins without a hole", () => {
  const writer = new FrameWriter({ region: "eu", partition: 0 });
  const late = writer.encode([reading(1)], 1_000, 17);
  expect(new FrameJudge().judge({ seq: 90, storeMs: 1, data: late }).hole).toBe(null);
});
