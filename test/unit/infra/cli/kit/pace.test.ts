import fc from "fast-check";
import { expect, test } from "vitest";
import { type Mark, markedWith, paceOf, paceText } from "../../../../../infra/cli/kit/pace.ts";

const after = (marks: readonly Mark[]): readonly Mark[] =>
  marks.reduce<readonly Mark[]>(markedWith, []);

test("the time left is that at the rate of the last 15 s, not of the whole work", () => {
  const slow = Array.from({ length: 100 }, (_, s) => ({ atMs: s * 1000, done: s }));
  const fast = Array.from({ length: 20 }, (_, s) => ({
    atMs: (100 + s) * 1000,
    done: 100 + 50 * s,
  }));
  const pace = paceOf(after([...slow, ...fast]), 2050);
  expect(pace.perSecond).toBeCloseTo(50);
  expect(pace.leftMs).toBeCloseTo(20_000);
});

test.each([
  [
    { done: 1200, total: 5000, perSecond: 80, leftMs: 47_500 },
    "1,200 of 5,000, 24 %, 80 a second, about 48 s left",
  ],
  [{ done: 12, total: null, perSecond: 1.25, leftMs: null }, "12, 1.3 a second"],
  [
    { done: 3, total: 9, perSecond: 0, leftMs: null },
    "3 of 9, 33 %, 0 a second, nothing moves now",
  ],
  [
    { done: 1, total: 1e6, perSecond: 10, leftMs: 1e8 },
    "1 of 1,000,000, 0 %, 10 a second, about 28 h left",
  ],
  [
    { done: 1, total: 1e4, perSecond: 10, leftMs: 300_000 },
    "1 of 10,000, 0 %, 10 a second, about 5 min left",
  ],
])("work says how far it is, how fast, and how long still: %j", (pace, text) => {
  expect(paceText("replaying", pace)).toBe(`replaying: ${text}`);
});

test("marks that are kept are few and cover the time that the rate is measured over", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1, maxLength: 200 }),
      (gaps) => {
        let atMs = 0;
        const marks = after(gaps.map((gap, at) => ({ atMs: (atMs += gap), done: at })));
        const newest = marks.at(-1)!.atMs;
        expect(newest).toBe(atMs);
        // Only the first may be older: the rate is measured from it on.
        for (const mark of marks.slice(1)) expect(newest - mark.atMs).toBeLessThan(15_000);
      },
    ),
  );
});
