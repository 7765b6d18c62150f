// Goal: only complete backups count as such, the oldest go, and the newest unfinished one is gone on with.
import { expect, test } from "vitest";
import {
  backupName,
  completeBackups,
  outdated,
  unfinishedBackup,
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
  expect(unfinishedBackup(NAMES)).toBe("2026-11-29T03-00-00Z.partial");
  expect(unfinishedBackup(["influx.partial"])).toBeUndefined();
});

test("the newest stay, and nothing else is touched", () => {
  expect(outdated(NAMES, 2)).toEqual(["2026-11-25T03-00-00Z"]);
  expect(outdated(NAMES, 3)).toEqual([]);
  expect(outdated(NAMES, 9)).toEqual([]);
});
