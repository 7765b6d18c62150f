// Goal: only complete backups count as such, the oldest go, and the newest unfinished one is gone on with.
import { expect, test } from "vitest";
import {
  backupName,
  completeBackups,
  outdated,
  isOfSame,
  unfinishedBackups,
} from "../../../../../cloud/operations/backup/manifest.ts";

const NAMES = [
  "2026-11-28T03-00-00Z",
  "2026-11-27T03-00-00Z",
  "2026-11-29T03-00-00Z.partial",
  "2026-11-26T03-00-00Z.partial",
  "2026-11-25T03-00-00Z",
  "notes.txt",
  "influx",
];

test("a name is the time to the second, in an order that names sort by", () => {
  expect(backupName(Date.UTC(2026, 10, 28, 3, 0, 5, 250))).toBe("2026-11-28T03-00-05Z");
});

test("what is not complete, or nobody's, is no backup", () => {
  expect(completeBackups(NAMES)).toEqual([
    "2026-11-25T03-00-00Z",
    "2026-11-27T03-00-00Z",
    "2026-11-28T03-00-00Z",
  ]);
  expect(unfinishedBackups(NAMES)).toEqual(["2026-11-26T03-00-00Z", "2026-11-29T03-00-00Z"]);
  expect(unfinishedBackups(["influx.partial"])).toEqual([]);
});

test("the newest stay, and nothing else is touched", () => {
  expect(outdated(NAMES, 2)).toEqual(["2026-11-25T03-00-00Z"]);
  expect(outdated(NAMES, 3)).toEqual([]);
  expect(outdated(NAMES, 9)).toEqual([]);
});

test("one that was cut off is gone on with by one of the same servers alone", () => {
  const all = { domains: ["eu", "hub"], influx: ["127.0.0.1:8088", "skerry"] as const };
  expect(isOfSame(JSON.parse(JSON.stringify(all)), all)).toBe(true);
  expect(isOfSame({ ...all, domains: ["hub"] }, all)).toBe(false);
  expect(isOfSame({ ...all, influx: null }, all)).toBe(false);
  expect(isOfSame(null, all)).toBe(false);
});
