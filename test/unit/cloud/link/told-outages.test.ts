import { expect, test } from "vitest";
import { isDuring } from "../../../../cloud/link/link-history.ts";
import { ToldOutages } from "../../../../cloud/link/told-outages.ts";

const told = (outages: object, heardMs = 100_000): ToldOutages => {
  const all = new ToldOutages();
  all.take(outages as Parameters<ToldOutages["take"]>[0], heardMs);
  return all;
};

test("whoever starts after an outage knows of it by the word of who has watched", () => {
  const outages = told({ us: [{ fromMs: 10_000, toMs: 70_000 }] });
  expect(isDuring(outages.with("us", []), 50_000)).toBe(true);
  expect(isDuring(outages.with("us", []), 80_000)).toBe(false);
  expect(isDuring(outages.with("eu", []), 50_000)).toBe(false);
});

test("T1: an outage that both saw is one, as long as either saw it; another one is another", () => {
  const outages = told({
    us: [
      { fromMs: 10_000, toMs: 70_000 },
      { fromMs: 90_000, toMs: 95_000 },
    ],
  });
  expect(outages.with("us", [{ fromMs: 11_000, toMs: 71_000 }])).toEqual([
    { fromMs: 10_000, toMs: 71_000 },
    { fromMs: 90_000, toMs: 95_000 },
  ]);
  expect(outages.with("us", [{ fromMs: 92_000, toMs: null }]).at(-1)).toEqual({
    ...{ fromMs: 90_000, toMs: null },
  });
});

test("T2: an outage that lasts is known up to when it was told", () => {
  const outages = told({ us: [{ fromMs: 10_000, toMs: null }] }, 30_000);
  expect(outages.with("us", [])).toEqual([{ fromMs: 10_000, toMs: 30_000 }]);
});

test("what is no list of outages is not believed, and nothing told changes nothing", () => {
  const seen = [{ fromMs: 1, toMs: 2 }];
  expect(told({ us: "none", eu: [{ fromMs: "x", toMs: null }] }).with("eu", seen)).toBe(seen);
  expect(told({ us: 7 }).with("us", seen)).toBe(seen);
  const nothing = new ToldOutages();
  nothing.take(undefined, 1);
  expect(nothing.with("us", seen)).toBe(seen);
});
