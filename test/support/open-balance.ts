// Balances that do not come out, as a steward tells them.
import type { OpenBalance } from "../../contracts/messages/ledger.ts";

/** One reading of `climate` that the region counts and the hub has not judged. */
export const openBalance = (over: Partial<OpenBalance> = {}): OpenBalance => ({
  ...{ region: "eu", partition: 2, readings: 1, frames: [40, 52], sinceMs: 1_700_000_000_000 },
  why: "the region counts 1 readings more of climate than the hub has judged",
  parts: { judged: { climate: 1 }, settled: {}, miscounted: 0 },
  of: { regionMs: 0, hubMs: 0, rollbacks: 0, rolledBackMs: 0 },
  acknowledgedMs: 0,
  ...over,
});
