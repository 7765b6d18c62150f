import { expect, test } from "vitest";
import { frameJson, frameLines } from "../../../../../infra/cli/lane/frame-text.ts";
import { FrameJudge } from "../../../../../cloud/operations/lanes/judged-frames.ts";
import { FrameWriter } from "../../../../support/nats-frames.ts";

const STORED_MS = Date.UTC(2026, 0, 2, 3, 4, 5);
const writer = new FrameWriter({ region: "eu", partition: 0 });
const judge = new FrameJudge();
const one = { device: "boiler-7", contract: "climate", receivedAtMs: STORED_MS - 300 };
const judged = [
  writer.encode([{ ...one, payload: { temperature: 21.5 } }], STORED_MS),
  writer.encode([], STORED_MS, 1),
  Buffer.from("?"),
].map((data, at) => judge.judge({ seq: at + 1, storeMs: STORED_MS, data }));

test("a frame is a line, its readings are lines below it, a hole is a line before it", () => {
  expect(judged.flatMap((frame) => frameLines(frame, STORED_MS + 3_000))).toEqual([
    "#1  2026-01-02T03:04:05.000Z  3 s ago  gateway g1  epoch e1  n 1  1 reading",
    '    boiler-7  climate v1  received 0.3 s before  {"temperature":21.5}',
    "  hole: frames 2 to 2 of gateway g1, epoch e1, 0 readings are missing here",
    "#2  2026-01-02T03:04:05.000Z  3 s ago  gateway g1  epoch e1  n 3  0 readings",
    "#3  2026-01-02T03:04:05.000Z  3 s ago  cannot be decoded: the frame is neither JSON nor compressed JSON",
  ]);
});

test("the same as one line of JSON each", () => {
  const [first, , broken] = judged.map((frame) => JSON.parse(frameJson(frame)) as object);
  expect(first).toMatchObject({ seq: 1, n: 1, count: 1, gateway: "g1", clockMs: STORED_MS });
  expect(first).toMatchObject({
    readings: [{ device: "boiler-7", payload: { temperature: 21.5 } }],
  });
  expect(broken).toMatchObject({
    seq: 3,
    problem: "the frame is neither JSON nor compressed JSON",
  });
});
