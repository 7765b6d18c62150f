// Goal: a key is its sender's, outlives the process, and the room for keys is bounded.
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
  store.prune(KEYS_KEPT_MS + 1_500);
  expect(store.find("record:a", "old")).toBeNull();
  expect(store.find("record:b", "4")).toBeNull();
  expect(store.find("record:b", "5")).not.toBeNull();
  expect(store.find("record:c", "kept")).not.toBeNull();
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
