// Goal: a gateway is ready while its region's log stores, and dead only if it does nothing. Method: the pure core.
import { expect, test } from "vitest";
import { commitChecks } from "../../../../gateway/ingest/commit-health.ts";

const OK = { state: "ok", detail: "" } as const;
const whys = (facts: Parameters<typeof commitChecks>[0]) => {
  const [live, ready] = commitChecks(facts);
  return { live: live!.why, ready: ready!.why };
};

test("it is ready by frames that are stored, of every partition", () => {
  const stored = { movedMs: 99_000, storedMs: 99_000 };
  const of = { ...OK, nowMs: 100_000 };
  expect(whys({ ...of, partitions: [stored] })).toEqual({ live: null, ready: null });
  const silent = { movedMs: 90_000, storedMs: 90_000 };
  expect(whys({ ...of, partitions: [stored, silent] })).toEqual({
    live: null,
    ready: "the region's log has not stored a frame for 10 s",
  });
  const never = { movedMs: 99_000, storedMs: null };
  expect(whys({ ...of, partitions: [stored, never] }).ready).toContain("not stored a frame yet");
});

test("a log that refuses makes nobody dead while it is tried; a try that never ends does", () => {
  const refusing = { state: "refusing", detail: "the stream is full", nowMs: 500_000 } as const;
  const tried = { movedMs: 499_500, storedMs: 1_000 };
  expect(whys({ ...refusing, partitions: [tried] })).toEqual({
    live: null,
    ready: "the region's log does not take frames: the stream is full",
  });
  const hangs = { movedMs: 430_000, storedMs: 430_000 };
  expect(whys({ ...OK, nowMs: 500_000, partitions: [hangs] })).toEqual({
    live: "no frame has left for 70 s, and no try has ended",
    ready: "the region's log has not stored a frame for 70 s",
  });
});
