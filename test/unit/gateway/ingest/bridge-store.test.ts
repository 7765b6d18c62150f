import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { BridgeStore, openBridgeStore } from "../../../../gateway/ingest/bridge-store.ts";
import { makeLogger } from "../../../../platform/runtime/logger.ts";

let directory: string;
beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), "bridges-"))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));
const logger = makeLogger({}, "silent");
const VALUE = { last: "a", retained: null };

test("values are in the file after the turn in which they came, in the order of their last change", async () => {
  const store = openBridgeStore(directory, logger)!;
  store.put("one", VALUE);
  store.put("two", { last: "b", retained: "c" });
  store.put("three", VALUE);
  store.put("one", { last: "d", retained: "d" });
  store.remove("three");
  await turn();
  store[Symbol.dispose]();
  using again = openBridgeStore(directory, logger)!;
  expect([...again.load()]).toEqual([
    ["two", { last: "b", retained: "c" }],
    ["one", { last: "d", retained: "d" }],
  ]);
});

test("without a directory, or with a file that is none of ours, there is no store and no end of the gateway", () => {
  expect(openBridgeStore("", logger)).toBeNull();
  writeFileSync(
    join(directory, "bridges.sqlite"),
    "this is no database, whatever its name says".repeat(50),
  );
  expect(openBridgeStore(directory, logger)).toBeNull();
});

test("a store that fails says so once, throws nothing, and writes no more", async () => {
  const database = new DatabaseSync(":memory:");
  database.exec("CREATE TABLE bridge_value (key TEXT PRIMARY KEY, last TEXT, retained TEXT)");
  const failures: unknown[] = [];
  const store = new BridgeStore(database, (error) => failures.push(error));
  database.exec("DROP TABLE bridge_value");
  store.put("one", VALUE);
  store.put("two", VALUE);
  await turn();
  store.put("three", VALUE);
  expect(failures).toHaveLength(1);
  store[Symbol.dispose]();
  store.put("four", VALUE);
});
