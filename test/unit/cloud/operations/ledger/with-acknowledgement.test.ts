// Goal: acknowledgements are bounded, and what old ones cover is not forgotten with them.
// Method: more of them than are kept.
import { expect, test } from "vitest";
import type {
  LaneAcknowledged,
  LedgerAcknowledgement,
} from "../../../../../contracts/messages/ledger.ts";
import { withAcknowledgement } from "../../../../../cloud/operations/ledger/with-acknowledgement.ts";

const one = (atMs: number, regionMs = 0): LedgerAcknowledgement => ({
  ...{ by: "anna", why: "looked at", atMs },
  parts: { judged: { machine: 2 }, settled: { climate: -1 }, miscounted: 1 },
  of: { regionMs, hubMs: 0, rollbacks: 0, rolledBackMs: 0 },
});

const after = (all: readonly LedgerAcknowledgement[]): readonly LedgerAcknowledgement[] =>
  all.reduce<LaneAcknowledged>(withAcknowledgement, { acknowledgements: [] }).acknowledgements;

test("of too many, the oldest become one that covers as much", () => {
  const kept = after(Array.from({ length: 70 }, (_, at) => one(at)));
  expect(kept).toHaveLength(50);
  expect(kept.at(-1)).toEqual(one(69));
  expect(kept[0]).toMatchObject({
    atMs: 20,
    parts: { judged: { machine: 42 }, settled: { climate: -21 }, miscounted: 21 },
  });
});

test("those about counts that began anew since cover nothing, and go", () => {
  const kept = after([one(0), ...Array.from({ length: 50 }, (_, at) => one(at + 1, 7))]);
  expect(kept).toHaveLength(50);
  expect(kept[0]).toEqual(one(1, 7));
});
