import { expect, test } from "vitest";
import type { DroppedRejects } from "../../../../../contracts/messages/reject.ts";
import {
  DROPPED_NAMED_MAX,
  withDropped,
} from "../../../../../platform/nats/lanes/dropped-rejects.ts";

const NONE = { dropped: [], others: 0 };
const gone = (device: string, over: Partial<DroppedRejects> = {}): DroppedRejects => ({
  device,
  reason: "not_json",
  forRoom: 1,
  byAge: 0,
  atMs: 1_000,
  ...over,
});

test("counts of a device and reason add up", () => {
  const first = withDropped(NONE, [gone("a", { forRoom: 3 }), gone("b")], 0);
  const then = withDropped(first, [gone("a", { forRoom: 0, byAge: 2, atMs: 2_000 })], 0);
  expect(then.dropped).toEqual([gone("a", { forRoom: 3, byAge: 2, atMs: 2_000 }), gone("b")]);
});

test("what went longer ago than rejects are kept is forgotten", () => {
  expect(
    withDropped({ dropped: [gone("a")], others: 0 }, [gone("b", { atMs: 9_000 })], 5_000),
  ).toEqual({ dropped: [gone("b", { atMs: 9_000 })], others: 0 });
});

test("however many devices lose something, the record is bounded and nothing goes uncounted", () => {
  const many = Array.from({ length: DROPPED_NAMED_MAX + 50 }, (_, n) => gone(`d${n}`));
  const record = withDropped(NONE, [gone("most", { forRoom: 99 }), ...many], 0);
  expect(record.dropped).toHaveLength(DROPPED_NAMED_MAX);
  expect(record.dropped[0]!.device).toBe("most");
  expect(record.others).toBe(51);
});
