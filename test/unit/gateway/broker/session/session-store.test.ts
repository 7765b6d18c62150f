import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import {
  type StoredMessage,
  openSessionStore,
} from "../../../../../gateway/broker/session/session-store.ts";

const fail = (error: unknown): never => {
  throw error;
};
const message: StoredMessage = {
  topic: "constructor/ä",
  payload: Buffer.from([0, 255]),
  qos: 2,
  retain: true,
  properties: { correlationData: Buffer.from([1]), userProperties: { a: ["1", "2"] } },
  expiresAtMs: 5,
};

test("what is committed is there after reopening, with everything it had", () => {
  const directory = mkdtempSync(join(tmpdir(), "skerry-store-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  {
    using store = openSessionStore(directory, fail);
    store.saveSession({ client: "c", expirySeconds: 60, expiresAtMs: null, holder: "record:c" });
    store.subscribe("c", "a/#", { qos: 1, noLocal: true, retainAsPublished: false, identifier: 7 });
    store.enqueue("c", 1, message);
    store.enqueue("c", 2, { ...message, topic: "second" });
    store.addReceived("c", 9);
    store.retain(message, "record:c");
    const [first] = store.next("c", 0, 1);
    store.markSent(first!.sequence, 3);
    store.markReleased(first!.sequence);
  }
  using store = openSessionStore(directory, fail);
  expect(store.sessions()).toMatchObject([
    { client: "c", expirySeconds: 60, expiresAtMs: null, holder: "record:c" },
  ]);
  expect(store.retainedTopics()).toMatchObject([
    { topic: message.topic, holder: "record:c", expiresAtMs: 5 },
  ]);
  expect([...store.subscriptions()]).toMatchObject([
    { client: "c", filter: "a/#", options: { qos: 1, noLocal: true, identifier: 7 } },
  ]);
  const [sent] = store.inFlight("c");
  expect(sent).toMatchObject({ messageId: 3, released: true, qos: 1, message });
  expect(store.next("c", sent!.sequence, 5)).toMatchObject([{ message: { topic: "second" } }]);
  expect(store.backlogs().get("c")).toEqual({ messages: 2, bytes: 14 });
  expect(store.receivedOf("c")).toEqual([9]);
  expect(store.retained(message.topic)).toEqual(message);

  store.endSession("c");
  expect(store.sessions()).toEqual([]);
  expect([...store.subscriptions()]).toEqual([]);
  expect(store.next("c", 0, 5)).toEqual([]);
  expect(store.receivedOf("c")).toEqual([]);
});

test("a store that fails reports it and does not throw", () => {
  const failures: unknown[] = [];
  const store = openSessionStore(undefined, (error) => failures.push(error));
  const row = { client: "c", expirySeconds: 1, expiresAtMs: null, holder: "record:c" };
  store.saveSession({ ...row, client: null as unknown as string });
  expect(failures).toHaveLength(1);
  store.saveSession(row);
  store.commit();
  expect(store.sessions()).toHaveLength(1);
  store[Symbol.dispose]();
  store.enqueue("late", 1, message);
  expect(store.next("late", 0, 1)).toEqual([]);
});

test("a directory that cannot be written is named", () => {
  expect(() => openSessionStore(join(import.meta.filename, "below-a-file"), fail)).toThrow(
    expect.objectContaining({ code: "DIRECTORY_UNWRITABLE" }),
  );
});
