// Goal: the ledger reads as a balance, and says what is open and who was not heard.
// Method: a ledger as a steward says it.
import { expect, test } from "vitest";
import { type Ledger, NO_TERMS } from "../../../../../contracts/messages/ledger.ts";
import { ledgerLines } from "../../../../../infra/cli/ledger/ledger-text.ts";
import { openBalance } from "../../../../support/open-balance.ts";

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
  open: [openBalance({ sinceMs: NOW_MS - 90_000 })],
  named: [],
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
  const heardMs = { eu: NOW_MS - 1_000 };
  const lines = ledgerLines({ ...LEDGER, rows: [], open: [], heardMs }, NOW_MS);
  expect(lines).toContain("no reading was acknowledged yet");
  expect(lines).toContain("every acknowledged reading is accounted for");
  expect(lines.join()).not.toContain("eu was heard");
});

test("while a region is not heard, nobody says that all of its readings are accounted for", () => {
  const heardMs = { eu: NOW_MS - 240_000 };
  const lines = ledgerLines({ ...LEDGER, open: [], heardMs }, NOW_MS);
  expect(lines).toContain(
    "every acknowledged reading is accounted for, as far as it is known here",
  );
  expect(lines).toContain(
    "eu was heard last 4 min ago: what it has acknowledged since is in no term yet",
  );
});

test("what is known by name says why, since when, and who has seen it", () => {
  const named: Ledger["named"] = [
    {
      ...{ region: "eu", partition: 1, reason: "rollback", readings: 1_250, lost: 50, by: null },
      ...{ atMs: NOW_MS - 7_200_000, why: "the region's log was rolled back" },
    },
    {
      ...{ region: "eu", partition: 2, reason: "acknowledged", readings: 3, lost: 0, by: "anna" },
      ...{ atMs: NOW_MS - 60_000, why: "a test wrote frames by hand" },
    },
  ];
  const lines = ledgerLines({ ...LEDGER, open: [], named }, NOW_MS);
  expect(lines).toContain(
    "lane eu/1: 1,250 readings known by name, 50 of them lost; the log was rolled back 2 h ago: the region's log was rolled back",
  );
  expect(lines).toContain(
    "lane eu/2: 3 readings known by name; acknowledged by anna 60 s ago: a test wrote frames by hand",
  );
});
