// Goal: whoever reads of a problem finds its run book.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { PROBLEM_KINDS } from "../../../../cloud/insight/insight.ts";
import {
  RUN_BOOKS,
  letItCatchUp,
  makeRoom,
  readFaster,
  unstick,
} from "../../../../cloud/insight/next-steps.ts";

test("every kind of problem has a section among the run books", () => {
  const guide = readFileSync(
    join(import.meta.dirname, "../../../../docs/guides/run-books.md"),
    "utf8",
  );
  const anchors = Array.from(guide.matchAll(/^### (.+)$/gm), ([, heading]) =>
    heading!.toLowerCase().replaceAll(" ", "-"),
  );
  for (const kind of PROBLEM_KINDS) expect(anchors, kind).toContain(RUN_BOOKS[kind]);
});

test.each([
  ["waits for contract pump v2, which frame 91 holds", "aggregator", /^Publish that version/],
  ["the aggregator has not been heard for 20 s", "aggregator", /^Start the aggregator/],
  ["no aggregator works on this lane", "aggregator", /^Wait 15 s/],
  ["nothing is heard of the alerting engine of eu", "alerting", /^Start the alerting engine/],
  ["the hub's copy of the log of eu does not get on", "copy", /^Look at the log and the disk/],
  ["connect ECONNREFUSED", "channel", /^Look at the mail server/],
] as const)("%s", (why, who, next) => {
  expect(unstick(why, who, [])).toMatch(next);
});

test("more room is twice what the log has", () => {
  const room = (bytesMax: number | null): string => makeRoom("eu", bytesMax, false);
  expect(room(16 * 1024 ** 3)).toContain("(npx skerry topology apply --log-gib 32)");
  expect(room(8.4 * 1024 ** 2)).toContain("--log-gib 0.02)");
  expect(room(null)).toContain("--log-gib <GiB>");
  expect(readFaster(0.5 * 1024 ** 3)).toContain("(npx skerry topology apply --log-gib 1)");
});

test("nobody is looked for who has not read a log that everybody has read", () => {
  expect(makeRoom("eu", null, false)).toMatch(/^See on Lanes who has not read the log/);
  expect(makeRoom("eu", null, true)).toMatch(/^All of it is read, and is cleared by itself/);
});

test("the time left is spoken of only where it is told", () => {
  const path = {
    state: "catching_up",
    motion: "moving",
    behindFrames: 9,
    behindMs: 9,
    why: "",
    sinceMs: 0,
  } as const;
  expect(letItCatchUp({ path: { ...path, etaMs: 5_000 } })).toContain("time left");
  expect(letItCatchUp({ path: { ...path, etaMs: null } })).not.toContain("time left");
});
