import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { Ledger, type LedgerEntry, LedgerError, readLedger } from "../../../device-sim/ledger.ts";

const directory = mkdtempSync(join(tmpdir(), "skerry-ledger-"));
afterAll(() => rmSync(directory, { recursive: true }));
let files = 0;
const newPath = (): string => join(directory, `${++files}`, "ledger.jsonl");

const entryOf = (identity: number): LedgerEntry => ({
  region: "eu",
  device: `room-eu-${identity % 7}`,
  contract: "environment",
  identity,
  slot: identity,
  ts: 1_700_000_000_000 + identity,
  hash: "a".repeat(64),
  sentMs: 1_700_000_000_000,
  ackedMs: 1_700_000_000_001,
});
const entries = [1, 2, 3, 4, 5].map(entryOf);

function write(path: string, added: readonly LedgerEntry[]): void {
  using ledger = Ledger.open(path);
  for (const entry of added) ledger.add(entry);
}

test("what is written is read back, over several processes", async () => {
  const path = newPath();
  write(path, entries.slice(0, 3));
  write(path, entries.slice(3));
  expect(await Array.fromAsync(readLedger(path))).toEqual(entries);
});

test("a flush is in the file at once; nothing is before", () => {
  const path = newPath();
  using ledger = Ledger.open(path);
  ledger.add(entries[0]!);
  expect(readFileSync(path, "utf8")).toBe("");
  ledger.flush();
  expect(readFileSync(path, "utf8")).toBe(`${JSON.stringify(entries[0])}\n`);
});

// Goal: kill -9 at any byte costs at most the line that was being written, and the next process
// goes on in a readable file. Method: cut the file at every possible length.
test("torn anywhere: whole lines are read, and appending goes on after them", async () => {
  const whole = newPath();
  write(whole, entries);
  const text = readFileSync(whole, "utf8");
  await fc.assert(
    fc.asyncProperty(fc.nat(text.length), async (length) => {
      const path = newPath();
      write(path, entries);
      truncateSync(path, length);
      const kept = text.slice(0, length).split("\n").length - 1;
      const read = await Array.fromAsync(readLedger(path));
      // A line that lost nothing but its newline still says what it says.
      expect(read.length - kept).toBeLessThanOrEqual(text[length] === "\n" ? 1 : 0);
      expect(read).toEqual(entries.slice(0, read.length));
      write(path, [entryOf(99)]);
      expect(await Array.fromAsync(readLedger(path))).toEqual([
        ...entries.slice(0, kept),
        entryOf(99),
      ]);
    }),
  );
});

test("a torn line longer than the block that is looked back at is cut off too", async () => {
  const path = newPath();
  write(path, entries);
  appendFileSync(path, "x".repeat(200_000));
  write(path, []);
  expect(await Array.fromAsync(readLedger(path))).toEqual(entries);
});

test("a broken line that is not the last is an error that names it", async () => {
  const path = join(directory, "broken.jsonl");
  writeFileSync(path, `${JSON.stringify(entries[0])}\n{"region\n${JSON.stringify(entries[1])}\n`);
  await expect(Array.fromAsync(readLedger(path))).rejects.toThrow(
    new LedgerError(`${path}: line 2 is not JSON`),
  );
});

test("a file that cannot be written is named", () => {
  expect(() => Ledger.open(join(directory, "broken.jsonl", "below-a-file"))).toThrow(
    /the ledger .*below-a-file cannot be written/,
  );
});

test("there is no ledger", async () => {
  await expect(Array.fromAsync(readLedger(newPath()))).rejects.toThrow("ENOENT");
});
