// Goal: a flow is the same at every station it passes, whenever the counts of each were taken.
import { expect, test } from "vitest";

type Observed = (overview: object) => { atMs: number; value?: number } | null;
// The page is JavaScript as browsers run it, without types.
const path: string = "../../../../../../cloud/console/page/home/growth.js";
const { growthOf, storedIn, copiedIn, admittedIn } = (await import(path)) as {
  growthOf: (overviews: object[], observed: Observed) => number | null;
} & Record<"storedIn" | "copiedIn" | "admittedIn", (region: string) => Observed>;

/** 40 readings a second; the ledger of the last overview is newer than a second after the one before. */
const overviews = [0, 1_000, 2_000].map((atMs) => {
  const ledgerMs = atMs === 2_000 ? 1_900 : atMs - 900;
  const rows = [
    { region: "eu", stored: 1_000 + ledgerMs * 0.04 },
    { region: "us", stored: 7 },
  ];
  const copy = { atMs, lastSeq: 100 + atMs * 0.04 };
  return {
    atMs,
    ledger: { atMs: ledgerMs, rows },
    regions: [{ region: "eu", copy, readingsStored: 5 + atMs * 0.04 }],
  };
});

test("each count grows by the time at which it was taken", () => {
  for (const observed of [storedIn, copiedIn, admittedIn])
    expect(growthOf(overviews, observed("eu"))).toBeCloseTo(40);
});

test("one observation, none, and a count that was set back say nothing", () => {
  expect(growthOf(overviews.slice(0, 1), storedIn("eu"))).toBeNull();
  expect(growthOf([{ atMs: 1, ledger: null, regions: [] }], storedIn("eu"))).toBeNull();
  const back = overviews.toReversed().map((one, at) => ({ ...one, atMs: at * 1_000 }));
  expect(growthOf(back, admittedIn("eu"))).toBeNull();
});
