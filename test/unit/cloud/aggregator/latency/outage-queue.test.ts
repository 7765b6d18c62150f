import { expect, test } from "vitest";
import { OutageQueue } from "../../../../../cloud/aggregator/latency/outage-queue.ts";

const OUTAGE = { fromMs: 10_000, toMs: 60_000 };

test("what was stored during an outage waited behind it, and what queued up behind that", () => {
  const queue = new OutageQueue();
  expect(queue.isBehind([], 9_000, 9_050)).toBe(false);
  expect(queue.isBehind([OUTAGE], 9_500, 10_100)).toBe(false);
  expect(queue.isBehind([OUTAGE], 10_500, 61_000)).toBe(true);
  expect(queue.isBehind([OUTAGE], 59_000, 63_000)).toBe(true);
  expect(queue.isBehind([OUTAGE], 61_000, 64_000)).toBe(true);
  expect(queue.isBehind([OUTAGE], 64_500, 64_600)).toBe(false);
});

test("what was on its way when the link went down waited behind that, its end known or not yet", () => {
  const lasting = { fromMs: 10_000, toMs: null };
  for (const outage of [OUTAGE, lasting]) {
    expect(new OutageQueue().isBehind([outage], 9_900, 61_000)).toBe(true);
    expect(new OutageQueue().isBehind([outage], 9_900, 10_100)).toBe(false);
    expect(new OutageQueue().isBehind([outage], 4_000, 9_000)).toBe(false);
  }
});

test("a slow store after the queue is empty is not put down to the outage", () => {
  const queue = new OutageQueue();
  queue.isBehind([OUTAGE], 59_000, 61_000);
  expect(queue.isBehind([OUTAGE], 61_500, 61_600)).toBe(false);
  expect(queue.isBehind([OUTAGE], 70_000, 99_000)).toBe(false);
});

test("while an outage lasts nobody knows its end", () => {
  expect(new OutageQueue().isBehind([{ fromMs: 10_000, toMs: null }], 500_000, 500_100)).toBe(true);
});
