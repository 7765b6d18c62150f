// Goal: a reading is told as repeated for half a minute at least and a minute at most, and never without being stored.
import { expect, test } from "vitest";
import { RecentReadings } from "../../../../gateway/http/recent-readings.ts";

test("what is stored is known for a while, what only came is not", () => {
  let nowMs = 0;
  const recent = new RecentReadings(() => nowMs);
  const reading = { encoded: "", identity: "x" };
  expect(recent.isStored(reading)).toBe(false);
  recent.stored(reading);
  nowMs = 29_000;
  expect(recent.isStored(reading)).toBe(true);
  nowMs = 31_000;
  expect(recent.isStored(reading)).toBe(true);
  nowMs = 62_000;
  expect(recent.isStored(reading)).toBe(false);
  recent.stored({ encoded: "" });
  expect(recent.isStored({ encoded: "" })).toBe(false);
});

test("after a silence nothing of before is known", () => {
  let nowMs = 0;
  const recent = new RecentReadings(() => nowMs);
  recent.stored({ encoded: "", identity: "x" });
  nowMs = 200_000;
  expect(recent.isStored({ encoded: "", identity: "x" })).toBe(false);
});
