// Goal: a region that went back is said to be wrong, and what of it is not at the hub counts as behind although the mirror says lag 0.
import { expect, test } from "vitest";
import type { RegionFacts } from "../../../../cloud/insight/facts.ts";
import { openRollbacks, type Rollback } from "../../../../contracts/messages/copy.ts";
import { START_MS, run } from "../../../support/insight-facts.ts";

const BACK_MS = START_MS + 40_000;
const FOUND: Rollback = { foundAtMs: BACK_MS, fromSeq: 1_000, copySeq: 1_040, rebuiltAtMs: null };

/** The log goes on from 999; its copy stays as it was. */
const wentBack = (of: RegionFacts, { nowMs }: { nowMs: number }): RegionFacts => {
  if (of.region !== "eu" || nowMs < BACK_MS) return of;
  const lastSeq = 999 + (nowMs - BACK_MS) / 1_000;
  return {
    ...of,
    log: { ...of.log!, lastSeq },
    copy: { ...of.copy!, lastSeq: 1_040, lag: 0 },
    wentBack: openRollbacks({ rollback: FOUND }, "eu"),
  };
};

test("it is told, and counts as behind", () => {
  const insight = run(60, { region: wentBack }).at(-1)!;
  expect(insight.state).toBe("wrong");
  expect(insight.problems).toContainEqual(
    expect.objectContaining({
      kind: "region_went_back",
      region: "eu",
      text:
        "region eu went back: its store is older than the hub's copy of its log (numbers 1000 to 1040), " +
        "and what it writes under those numbers has not reached the hub yet",
    }),
  );
  const [eu, us] = insight.regions;
  const { verdict } = eu!.copy!;
  expect(verdict.behindFrames).toBeGreaterThan(10);
  expect(us!.wentBack).toBeNull();
});

test("what has gone on, and what a steward before found without saying where it begins, is over", () => {
  expect(openRollbacks({ rollback: { ...FOUND, rebuiltAtMs: 1 } }, "eu")).toEqual([]);
  const { fromSeq: _, ...old } = FOUND;
  expect(openRollbacks({ rollback: old }, "eu")).toEqual([]);
  const both = openRollbacks({ rollback: FOUND, others: { ALERTS_eu: FOUND } }, "eu");
  expect(both.map(({ stream }) => stream)).toEqual(["TELEMETRY_eu", "ALERTS_eu"]);
});
