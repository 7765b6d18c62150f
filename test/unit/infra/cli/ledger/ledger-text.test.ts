// Goal: the ledger reads as a balance, and says what is open and who was not heard.
// Method: a ledger as a steward says it.
import { expect, test } from "vitest";
import { type Ledger, NO_TERMS } from "../../../../../contracts/messages/ledger.ts";
import { ledgerLines } from "../../../../../infra/cli/ledger/ledger-text.ts";

const NOW_MS = 1_700_000_000_000;

const LEDGER: Ledger = {
  atMs: NOW_MS,
  rows: [
    {
      ...{ ...NO_TERMS, region: "eu", contract: "climate", acknowledged: 12_000, stored: 11_000 },
      waiting: { region: 900, hub: 0, aggregator: 99 },
      open: 1,
      oldestMs: NOW_MS - 120_000,
    },
  ],
  lanes: [],
  open: [
    {
      ...{ region: "eu", partition: 2, readings: 1, frames: [40, 52], sinceMs: NOW_MS - 90_000 },
      why: "the region counts 1 readings more of climate than the hub has judged",
    },
  ],
  heardMs: { eu: NOW_MS - 1_000, us: null },
};

test("terms are a row, what is open a sentence, and a region that is silent another", () => {
  const text = ledgerLines(LEDGER, NOW_MS).join("\n");
  expect(text).toContain("12,000");
  expect(text).toContain("900 region, 99 aggregator");
  expect(text).toMatch(/lane eu\/2 does not balance by 1 readings .*frames 40 to 52/);
  expect(text).toContain("us was not heard yet");
});

test("a ledger that balances says so", () => {
  const text = ledgerLines({ ...LEDGER, rows: [], open: [] }, NOW_MS).join("\n");
  expect(text).toContain("no reading was acknowledged yet");
  expect(text).toContain("every acknowledged reading is accounted for");
});
