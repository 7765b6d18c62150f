// The tables of the session store, and how a file of an earlier version becomes one of this.
//
// U1. A file is of one version or of the next one, never between two: each step is a transaction.
import type { DatabaseSync } from "node:sqlite";
import { deserialize } from "node:v8";
import { refuseNewerFile } from "../../../platform/runtime/database-version.ts";
import { ownerOfClientId } from "../../identity/access.ts";
import { recordKey } from "./holders.ts";

const TABLES = `
CREATE TABLE IF NOT EXISTS session (
  client TEXT PRIMARY KEY, expiry_seconds INTEGER NOT NULL, expires_at_ms INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS session_owner (
  client TEXT PRIMARY KEY, principal TEXT, grant TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS subscription (
  client TEXT, filter TEXT, options BLOB NOT NULL, PRIMARY KEY (client, filter)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS queued (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT, client TEXT NOT NULL, qos INTEGER NOT NULL,
  bytes INTEGER NOT NULL, message_id INTEGER, released INTEGER NOT NULL DEFAULT 0,
  message BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS queued_by_client ON queued (client, sequence);
CREATE TABLE IF NOT EXISTS received (
  client TEXT, message_id INTEGER, PRIMARY KEY (client, message_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS retained (topic TEXT PRIMARY KEY, message BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS will (client TEXT PRIMARY KEY, will BLOB NOT NULL) WITHOUT ROWID;
`;

/** A retained message of a version before 1, as far as it counts here. */
interface Retained {
  readonly byGateway?: boolean;
  readonly expiresAtMs?: number;
}

/** Steps from one version to the next: the first leads from 0 to 1. */
const STEPS: readonly ((database: DatabaseSync) => void)[] = [addHolders];

/** The version of the files that this gateway writes. */
export const SESSION_STORE_VERSION = STEPS.length;

/**
 * Makes the tables, or takes those of an earlier version up.
 *
 * @throws Error if the file is of a later version.
 */
export function prepareTables(database: DatabaseSync): void {
  const version = refuseNewerFile(database, SESSION_STORE_VERSION);
  database.exec(TABLES);
  for (let at = version; at < STEPS.length; at++) {
    database.exec("BEGIN");
    try {
      STEPS[at]!(database);
      database.exec(`PRAGMA user_version = ${at + 1}`);
      database.exec("COMMIT"); // U1
    } catch (error) {
      database.exec("ROLLBACK");
      throw error;
    }
  }
}

/**
 * Version 1: sessions and retained topics know their holders. Of older ones the client id or the topic says
 * whose they are, as far as they do; what the gateway retains itself, or nobody knows of, has none.
 */
function addHolders(database: DatabaseSync): void {
  database.exec("ALTER TABLE session ADD COLUMN holder TEXT NOT NULL DEFAULT ''");
  database.exec("ALTER TABLE retained ADD COLUMN holder TEXT");
  database.exec("ALTER TABLE retained ADD COLUMN expires_at_ms INTEGER");
  const setHolder = database.prepare("UPDATE session SET holder = ? WHERE client = ?");
  const sessions = database.prepare("SELECT client FROM session").all() as { client: string }[];
  for (const { client } of sessions) setHolder.run(recordKey(ownerOfClientId(client)), client);
  const setRetained = database.prepare(
    "UPDATE retained SET holder = ?, expires_at_ms = ? WHERE topic = ?",
  );
  const topics = database.prepare("SELECT topic FROM retained").all() as { topic: string }[];
  const read = database.prepare("SELECT message FROM retained WHERE topic = ?");
  for (const { topic } of topics) {
    const { message } = read.get(topic) as { message: Uint8Array };
    const { byGateway, expiresAtMs } = deserialize(message) as Retained;
    const [first, device] = topic.split("/", 3);
    const isOfDevice = byGateway !== true && first === "devices" && device !== undefined;
    setRetained.run(isOfDevice ? recordKey(device) : null, expiresAtMs ?? null, topic);
  }
}
