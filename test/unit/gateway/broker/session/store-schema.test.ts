import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { serialize } from "node:v8";
import { expect, onTestFinished, test } from "vitest";
import { openSessionStore } from "../../../../../gateway/broker/session/session-store.ts";
import { prepareTables } from "../../../../../gateway/broker/session/store-schema.ts";

const fail = (error: unknown): never => {
  throw error;
};

/** The tables as a gateway before holders made them, with one row of each kind. */
const OLD = `
CREATE TABLE session (
  client TEXT PRIMARY KEY, expiry_seconds INTEGER NOT NULL, expires_at_ms INTEGER) WITHOUT ROWID;
CREATE TABLE subscription (
  client TEXT, filter TEXT, options BLOB NOT NULL, PRIMARY KEY (client, filter)) WITHOUT ROWID;
CREATE TABLE queued (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT, client TEXT NOT NULL, qos INTEGER NOT NULL,
  bytes INTEGER NOT NULL, message_id INTEGER, released INTEGER NOT NULL DEFAULT 0,
  message BLOB NOT NULL);
CREATE INDEX queued_by_client ON queued (client, sequence);
CREATE TABLE received (
  client TEXT, message_id INTEGER, PRIMARY KEY (client, message_id)) WITHOUT ROWID;
CREATE TABLE retained (topic TEXT PRIMARY KEY, message BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE will (client TEXT PRIMARY KEY, will BLOB NOT NULL) WITHOUT ROWID;
INSERT INTO session VALUES ('boiler/7', 60, NULL), ('pump', 60, 5);
`;

const aMessage = (topic: string, more: object = {}) => ({
  topic,
  payload: Buffer.from("x"),
  qos: 1 as const,
  retain: true,
  properties: undefined,
  expiresAtMs: undefined,
  ...more,
});

function anOldFile(): string {
  const directory = mkdtempSync(join(tmpdir(), "skerry-store-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  using database = new DatabaseSync(join(directory, "sessions.sqlite"));
  database.exec(OLD);
  const retain = database.prepare("INSERT INTO retained VALUES (?, ?)");
  for (const message of [
    aMessage("devices/boiler/state", { expiresAtMs: 9 }),
    aMessage("devices/boiler/commands/1", { byGateway: true }),
    aMessage("elsewhere"),
  ])
    retain.run(message.topic, serialize(message));
  return directory;
}

test("a file from before holders is taken up: whose sessions and retained topics are is found out", () => {
  const directory = anOldFile();
  for (let start = 1; start <= 2; start++) {
    using store = openSessionStore(directory, fail);
    expect(store.sessions()).toMatchObject([
      { client: "pump", holder: "record:pump", expirySeconds: 60, expiresAtMs: 5 },
      { client: "boiler/7", holder: "record:boiler", expirySeconds: 60, expiresAtMs: null },
    ]);
    expect(store.retainedTopics()).toMatchObject([
      { topic: "devices/boiler/commands/1", holder: null, expiresAtMs: null },
      { topic: "devices/boiler/state", holder: "record:boiler", expiresAtMs: 9 },
      { topic: "elsewhere", holder: null, expiresAtMs: null },
    ]);
    expect(store.retained("elsewhere")).toMatchObject({ topic: "elsewhere" });
  }
});

test("a step that fails leaves the file as it was", () => {
  const directory = anOldFile();
  {
    using database = new DatabaseSync(join(directory, "sessions.sqlite"));
    database.exec("INSERT INTO retained VALUES ('broken', x'00')");
    expect(() => prepareTables(database)).toThrow();
    database.exec("DELETE FROM retained WHERE topic = 'broken'");
  }
  using store = openSessionStore(directory, fail);
  expect(store.sessions()).toHaveLength(2);
});

test("a file of a later version is not touched, and it is said what would be right", () => {
  const directory = anOldFile();
  {
    using database = new DatabaseSync(join(directory, "sessions.sqlite"));
    database.exec("PRAGMA user_version = 7");
  }
  expect(() => openSessionStore(directory, fail)).toThrow(
    /its version is 7, and this program knows 1 at most: start the newer program/,
  );
});
