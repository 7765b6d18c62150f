import { expect, test } from "vitest";
import { AccountHistory } from "../../../../../cloud/insight/lag/account-lag.ts";
import { type LedgerLane, NO_TERMS } from "../../../../../contracts/messages/ledger.ts";

const NOW_MS = 1_000_000;
const NEWEST = { seq: 500, storeMs: NOW_MS - 200 };
const lane = (over: Partial<LedgerLane> = {}): LedgerLane => ({
  ...{ ...NO_TERMS, region: "eu", partition: 0, oldestMs: NOW_MS - 30_000 },
  ...{ regionSeq: 500, settledSeq: 400, waiting: { region: 0, hub: 90, aggregator: 10 } },
  ...over,
});

test("what waits is as old as its reading, and no older than the time for which something waits", () => {
  const history = new AccountHistory();
  const behind = (afterMs: number) =>
    history.observe(lane({ settledSeq: 400 + afterMs / 1_000 }), NOW_MS + afterMs, NEWEST)!
      .behindMs;
  expect([behind(0), behind(1_000), behind(60_000)]).toEqual([0, 1_000, 29_800]);
});

test("nothing is behind that waits in the region, or that is settled", () => {
  const history = new AccountHistory();
  const inRegion = lane({ waiting: { region: 100, hub: 0, aggregator: 0 } });
  expect(history.observe(inRegion, NOW_MS, NEWEST)).toBeNull();
  expect(history.observe(lane({ settledSeq: 500 }), NOW_MS, NEWEST)).toBeNull();
  expect(history.observe(null, NOW_MS, NEWEST)).toBeNull();
});

test("A1: a lane of which nothing is settled stands, by the ledger's time, and one that nobody counts does not", () => {
  const history = new AccountHistory();
  const stands = (atMs: number) => history.observe(lane(), atMs, NEWEST)!.standsForMs;
  expect([stands(NOW_MS), stands(NOW_MS + 5_000), stands(NOW_MS + 8_000)]).toEqual([0, 0, 8_000]);
  expect(stands(NOW_MS + 8_000)).toBe(8_000);
  expect(history.observe(lane({ settledSeq: 410 }), NOW_MS + 9_000, NEWEST)!.standsForMs).toBe(0);
});
