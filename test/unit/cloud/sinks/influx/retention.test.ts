import { expect, test } from "vitest";
import type { Policy } from "../../../../../cloud/sinks/influx/policies.ts";
import {
  changeText,
  changesFor,
  differencesFrom,
  keepText,
  parseKeep,
  parseKeeps,
  shardsOf,
  shortens,
} from "../../../../../cloud/sinks/influx/retention.ts";

const DAY_MS = 86_400_000;
const NOW_MS = Date.UTC(2026, 10, 28);
const FOR_EVER: Policy = { name: "autogen", durationMs: null, isDefault: true };
const HOURS: Policy = { name: "1h", durationMs: 365 * DAY_MS, isDefault: false };
const store = (days: readonly number[], policies: readonly Policy[] = [FOR_EVER, HOURS]) => ({
  ...{ database: "skerry", policies, nowMs: NOW_MS },
  shards: days.map((day) => ({
    policy: "autogen",
    startMs: NOW_MS - (day + 7) * DAY_MS,
    endMs: NOW_MS - day * DAY_MS,
  })),
});

test.each([
  ["readings=30d", { kind: "readings", keepMs: 30 * DAY_MS }],
  ["1m=26w", { kind: "1m", keepMs: 182 * DAY_MS }],
  ["1h=5y", { kind: "1h", keepMs: 1_825 * DAY_MS }],
  ["1d=forever", { kind: "1d", keepMs: null }],
  ["readings=48h", { kind: "readings", keepMs: 2 * DAY_MS }],
])("%s is understood", (text, wanted) => expect(parseKeep(text)).toEqual(wanted));

test.each([
  ["raw=30d", /a kind of readings, 1m, 1h, 1d, not "raw=30d"/],
  ["10s=30d", /a kind of readings/],
  ["1h=1d", /2d to 100y .*, not "1d"/],
  ["1h=", /or forever, not ""/],
  ["1h=5years", /such as 30d, 26w or 5y/],
  ["1h=101y", /2d to 100y/],
  ["1h=30d=1", /KIND=DURATION/],
])("%s is refused with what would be right", (text, words) =>
  expect(() => parseKeep(text)).toThrow(words),
);

test("what is so already needs nothing, what is new is made, with shards to fit", () => {
  const wanted = ["readings=forever", "1h=1y", "1m=180d", "1d=forever"].map(parseKeep);
  expect(changesFor(wanted, store([])).map(({ statement }) => statement)).toEqual([
    'CREATE RETENTION POLICY "1m" ON "skerry" DURATION 4320h REPLICATION 1 SHARD DURATION 168h',
    'CREATE RETENTION POLICY "1d" ON "skerry" DURATION 0s REPLICATION 1 SHARD DURATION 8736h',
  ]);
  const [change] = changesFor([parseKeep("readings=2d")], store([]));
  expect(change!.statement).toBe(
    'ALTER RETENTION POLICY "autogen" ON "skerry" DURATION 48h SHARD DURATION 24h',
  );
});

test("a shorter time tells what is lost: the shards that are past it as a whole", () => {
  const [change] = changesFor([parseKeep("readings=30d")], store([100, 50, 29, 0]));
  expect(shortens(change!)).toBe(true);
  expect(changeText(change!)).toBe(
    "readings, and rollups that were written before their kind had a policy: kept for 30 d instead of for ever; " +
      "lost for good within half an hour: 2026-08-13 to 2026-10-09 (2 shards)",
  );
  const [none] = changesFor([parseKeep("1h=30d")], store([100]));
  expect(changeText(none!)).toBe(
    "1h: kept for 30 d instead of for 1 y; nothing that is stored is older",
  );
});

test("a longer time, and a policy that is made, lose nothing", () => {
  const wanted = ["1h=5y", "1m=30d", "readings=forever"].map(parseKeep);
  expect(changesFor(wanted, store([900])).map(shortens)).toEqual([false, false]);
  expect(changesFor(wanted, store([900])).map(changeText)).toEqual([
    "1h: kept for 5 y instead of for 1 y",
    "1m: kept for 30 d, in a policy of their own",
  ]);
});

test("times are told as they are asked for", () => {
  expect([null, 30 * DAY_MS, 730 * DAY_MS, 2.5 * DAY_MS].map(keepText)).toEqual([
    ...["for ever", "for 30 d", "for 2 y", "for 60 h"],
  ]);
});

test("shards of other databases are not ours", () => {
  const row = {
    retention_policy: "autogen",
    start_time: "2026-11-01T00:00:00Z",
    end_time: "2026-11-08T00:00:00Z",
  };
  const rows = [
    { ...row, database: "_internal" },
    { ...row, database: "skerry" },
  ];
  expect(shardsOf(rows, "skerry")).toEqual([
    { policy: "autogen", startMs: Date.UTC(2026, 10, 1), endMs: Date.UTC(2026, 10, 8) },
  ]);
});

test("a configuration has each kind once, and what runs otherwise is named with both times", () => {
  expect(parseKeeps("")).toEqual([]);
  expect(() => parseKeeps("1h=5y, 1h=6y")).toThrow("names 1h twice");
  expect(() => parseKeeps("1h=5y;1d=6y")).toThrow(/KIND=DURATION|2d to 100y/);
  const wanted = parseKeeps("readings=30d, 1m=180d,1h=1y");
  expect(differencesFrom(wanted, [FOR_EVER, HOURS])).toEqual([
    "readings: kept for ever, configured for 30 d",
    "1m: kept as long as readings, configured for 180 d",
  ]);
  expect(differencesFrom(parseKeeps("1h=1y"), [FOR_EVER, HOURS])).toEqual([]);
});
