// Goal: a key is its sender's, outlives the process, and the room for keys is bounded.
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import {
  KEYS_KEPT_MS,
  KEYS_OF_HOLDER_MAX,
  KeyStore,
  openKeyStore,
} from "../../../../gateway/http/key-store.ts";
import { temporaryDirectory } from "../../../support/temporary-directory.ts";

const request = { atMs: 1_000, content: "c", fromSeq: 7 };

test("a key is known with its answer after a restart, and is nobody else's", async () => {
  await using directory = await temporaryDirectory();
  {
    using store = openKeyStore(directory.path);
    store.begin("record:a", "k", request);
    expect(store.find("record:a", "k")).toEqual({ ...request, answer: null });
    store.finish("record:a", "k", { status: 207, body: "{}" });
  }
  using store = openKeyStore(directory.path);
  expect(store.find("record:a", "k")).toEqual({ ...request, answer: { status: 207, body: "{}" } });
  expect(store.find("record:b", "k")).toBeNull();
});

test("old keys go, and the oldest of whoever has too many", () => {
  using store = new KeyStore(new DatabaseSync(":memory:"));
  store.begin("record:a", "old", request);
  for (let n = 0; n < KEYS_OF_HOLDER_MAX + 5; n++)
    store.begin("record:b", String(n), { ...request, atMs: KEYS_KEPT_MS + 2_000 + n });
  store.begin("record:c", "kept", { ...request, atMs: KEYS_KEPT_MS + 2_000 });
  expect(store.find("record:a", "old")).toBeNull();
  expect(store.find("record:b", "4")).toBeNull();
  expect(store.find("record:b", "5")).not.toBeNull();
  expect(store.find("record:c", "kept")).not.toBeNull();
});

test("what is too old goes also where nobody asks for a new key", () => {
  using store = new KeyStore(new DatabaseSync(":memory:"));
  store.begin("record:a", "old", request);
  store.prune(KEYS_KEPT_MS + 1_000);
  expect(store.find("record:a", "old")).not.toBeNull();
  store.prune(KEYS_KEPT_MS + 1_001);
  expect(store.find("record:a", "old")).toBeNull();
});

test("answers that are too much together take the oldest away, whoever's they are, also after a restart", async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, "keys.sqlite");
  const bounds = { keysOfHolder: 100, bytes: 10_000 };
  const answered = (store: KeyStore, holder: string, key: string, atMs: number): void => {
    store.begin(holder, key, { ...request, atMs });
    store.finish(holder, key, { status: 200, body: "x".repeat(4_000) });
  };
  {
    using store = new KeyStore(new DatabaseSync(path), bounds);
    answered(store, "record:a", "1", 1);
    answered(store, "record:b", "2", 2);
  }
  using store = new KeyStore(new DatabaseSync(path), bounds);
  answered(store, "record:c", "3", 3);
  expect(store.find("record:a", "1")).not.toBeNull();
  answered(store, "record:c", "4", 4);
  expect(
    ["1", "2", "3", "4"].map(
      (key) =>
        store.find(key === "1" ? "record:a" : key === "2" ? "record:b" : "record:c", key) !== null,
    ),
  ).toEqual([false, true, true, true]);
});

test("a key that cannot be written down, as on a full disk, is to be sent again", () => {
  const database = new DatabaseSync(":memory:");
  using store = new KeyStore(database);
  database.exec("PRAGMA max_page_count = 1"); // Not below what there is.
  const fill = (): void => {
    for (let n = 0; n < 10_000; n++) store.begin("record:a", `k-${n}`, request);
  };
  expect(fill).toThrow(
    expect.objectContaining({
      disposition: "retry",
      message: "what the Idempotency-Key stands for cannot be kept: database or disk is full",
    }),
  );
});
