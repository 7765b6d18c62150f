// Goal: copies are held against a region's streams when the region may have gone back, and not every second.
import { expect, test } from "vitest";
import { RollbackWatch } from "../../../../cloud/steward/rollback-watch.ts";
import type { HubCopy, Rollback } from "../../../../contracts/messages/copy.ts";

type Seen = Parameters<RollbackWatch["observe"]>[0];
const NOW_MS = 1_000_000;

const seen = (isUp: boolean, logSeq: number, copySeq: number, ageMs = 0): Seen => ({
  region: "eu",
  link: { up: isUp, sinceMs: 0, seenMs: NOW_MS, outages: [] },
  log: { lastSeq: logSeq, atMs: NOW_MS - ageMs } as Seen["log"],
  copy: { lastSeq: copySeq } as Seen["copy"],
});
const nobody = { copy: null, wentOn: () => null };
const told = (rollback: Rollback): HubCopy => ({ seq: 90, seenAtMs: NOW_MS, rollback });
const FOUND: Rollback = { foundAtMs: 5, fromSeq: 51, copySeq: 90, rebuiltAtMs: null };

test("a region that is there and goes on is not looked at beside the schedule", () => {
  const watch = new RollbackWatch();
  expect(watch.observe(seen(true, 90, 90), NOW_MS, nobody)).toBe(false);
  expect(watch.observe(seen(true, 95, 92), NOW_MS, nobody)).toBe(false);
  expect(watch.suspectOf("eu")).toBeNull();
});

test("a region that was away is looked at once it is heard again, at the number at which its copy stood", () => {
  const watch = new RollbackWatch();
  watch.observe(seen(true, 90, 90), NOW_MS, nobody);
  expect(watch.observe(seen(false, 90, 90), NOW_MS, nobody)).toBe(false);
  // An answer of before says nothing about now.
  expect(watch.observe(seen(true, 90, 90, 6_000), NOW_MS, nobody)).toBe(false);
  // Meanwhile the log has passed the copy, which has passed the place where it stood.
  expect(watch.observe(seen(true, 120, 110), NOW_MS, nobody)).toBe(true);
  expect(watch.suspectOf("eu")).toBe(90);
  expect(watch.observe(seen(true, 120, 110), NOW_MS, nobody)).toBe(false);
});

test("a log that ends before its copy is looked at until that is told", () => {
  const watch = new RollbackWatch();
  watch.observe(seen(true, 90, 90), NOW_MS, nobody);
  expect(watch.observe(seen(true, 50, 90), NOW_MS, nobody)).toBe(true);
  const known = { copy: told(FOUND), wentOn: () => null };
  expect(watch.observe(seen(true, 51, 90), NOW_MS, known)).toBe(false);
});

test("what the region says it has mended is looked at, and what it mended another time is not", () => {
  const watch = new RollbackWatch();
  const known = (foundAtMs: number | null) => ({ copy: told(FOUND), wentOn: () => foundAtMs });
  watch.observe(seen(true, 120, 110), NOW_MS, known(null));
  expect(watch.observe(seen(true, 120, 110), NOW_MS, known(4))).toBe(false);
  expect(watch.observe(seen(true, 120, 110), NOW_MS, known(5))).toBe(true);
});
