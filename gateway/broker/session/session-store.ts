// The part that survives the process: sessions, their subscriptions, queued messages, QoS 2 identifiers,
// wills and retained messages, in one SQLite file (Node's own; `:memory:` without a directory).
//
// R1. Writes of one turn of the event loop form one transaction; `commit` ends it. Whoever answers
//     a client calls `commit` first: what was answered survives a `kill -9` right after.
// R2. Messages are stored with all their MQTT 5 properties and the moment they expire.
// R3. A queue is read in the order it was written, by `sequence`.
// R4. Reads see the writes of the open transaction: it is the same connection.
// R5. A store that fails (a full disk) is reported and never throws: what devices send is safe in
//     the log by then, and what is lost is a queue entry for a subscriber, counted by the reporter. Whoever
//     promises more than that looks at `failures`.
import { join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { deserialize, serialize } from "node:v8";
import { AppError, messageOf } from "../../../platform/runtime/errors.ts";
import type { Owner } from "../../identity/login.ts";
import {
  makePrivateDatabase,
  makePrivateDirectory,
} from "../../../platform/runtime/private-files.ts";
import type { Properties, Will } from "../protocol/properties.ts";
import { prepareTables } from "./store-schema.ts";
import { weightOf } from "./weight.ts";

/** A message as stored and as delivered; its QoS is the publisher's. */
export interface StoredMessage {
  topic: string;
  payload: Buffer;
  qos: 0 | 1 | 2;
  retain: boolean;
  properties: Properties | undefined;
  /** Epoch milliseconds. */
  expiresAtMs: number | undefined;
  /** Published by the gateway itself, not by a client. */
  byGateway?: boolean;
  /** On a topic that is not ours: it leaves room for what is. */
  foreign?: boolean;
  /** The filter of the shared subscription by which its subscriber has it. */
  shared?: string;
  /** Subscription identifiers of the subscriber it is queued for. */
  identifiers?: number[] | undefined;
}

export interface SubscriptionOptions {
  qos: 0 | 1 | 2;
  noLocal: boolean;
  retainAsPublished: boolean;
  identifier: number | undefined;
}

export interface SessionRow {
  client: string;
  expirySeconds: number;
  /** Null while its client is connected (or was when the process died). */
  expiresAtMs: number | null;
  /** The key of the holder that it counts for. */
  holder: string;
}

export interface RetainedRow {
  topic: string;
  /** Size of the message as it is stored. */
  bytes: number;
  /** The key of the holder that it counts for; null for none. */
  holder: string | null;
  expiresAtMs: number | null;
}

/** A session with its owner; null in a file of an earlier version, or where nobody logs in. */
export interface OwnedSessionRow extends SessionRow {
  owner: Owner | null;
}

export interface StoredWill {
  readonly client: string;
  readonly will: Will;
  readonly owner: Owner | null;
}

/** Messages in flight to one client or waiting for it, and their bytes. */
export interface Backlog {
  messages: number;
  bytes: number;
}

export interface QueuedRow {
  sequence: number;
  qos: 1 | 2;
  /** As it was counted when it was stored. */
  bytes: number;
  messageId: number | null;
  released: boolean;
  message: StoredMessage;
}

const STATEMENTS = {
  saveSession:
    "INSERT OR REPLACE INTO session (client, expiry_seconds, expires_at_ms, holder) VALUES (?, ?, ?, ?)",
  sessions:
    "SELECT client, expiry_seconds AS expirySeconds, expires_at_ms AS expiresAtMs, holder, principal, grant FROM session LEFT JOIN session_owner USING (client) ORDER BY expires_at_ms IS NULL, expires_at_ms",
  saveOwner: "INSERT OR REPLACE INTO session_owner VALUES (?, ?, ?)",
  endOwner: "DELETE FROM session_owner WHERE client = ?",
  endSession: "DELETE FROM session WHERE client = ?",
  endSubscriptions: "DELETE FROM subscription WHERE client = ?",
  endQueue: "DELETE FROM queued WHERE client = ?",
  endReceived: "DELETE FROM received WHERE client = ?",
  subscribe: "INSERT OR REPLACE INTO subscription VALUES (?, ?, ?)",
  unsubscribe: "DELETE FROM subscription WHERE client = ? AND filter = ?",
  subscriptions: "SELECT client, filter, options FROM subscription",
  enqueue: "INSERT INTO queued (client, qos, bytes, message, message_id) VALUES (?, ?, ?, ?, ?)",
  next: "SELECT * FROM queued WHERE client = ? AND sequence > ? ORDER BY sequence LIMIT ?",
  inFlight: "SELECT * FROM queued WHERE client = ? AND message_id IS NOT NULL ORDER BY sequence",
  backlogs: "SELECT client, count(*) AS messages, sum(bytes) AS bytes FROM queued GROUP BY client",
  sent: "UPDATE queued SET message_id = ? WHERE sequence = ?",
  released: "UPDATE queued SET released = 1 WHERE sequence = ?",
  dequeue: "DELETE FROM queued WHERE sequence = ?",
  received: "INSERT OR IGNORE INTO received VALUES (?, ?)",
  forget: "DELETE FROM received WHERE client = ? AND message_id = ?",
  receivedOf: "SELECT message_id AS messageId FROM received WHERE client = ?",
  retain:
    "INSERT OR REPLACE INTO retained (topic, message, holder, expires_at_ms) VALUES (?, ?, ?, ?)",
  unretain: "DELETE FROM retained WHERE topic = ?",
  retainedTopics:
    "SELECT topic, length(message) AS bytes, holder, expires_at_ms AS expiresAtMs FROM retained",
  retained: "SELECT message FROM retained WHERE topic = ?",
  putWill: "INSERT OR REPLACE INTO will VALUES (?, ?)",
  deleteWill: "DELETE FROM will WHERE client = ?",
  wills: "SELECT client, will FROM will",
} as const;

export class SessionStore implements Disposable {
  readonly #database: DatabaseSync;
  readonly #statements: Record<keyof typeof STATEMENTS, StatementSync>;
  readonly #onFailure: (error: unknown) => void;
  #writing = false;
  /** Times that something was not written, or not committed. */
  failures = 0;

  constructor(database: DatabaseSync, onFailure: (error: unknown) => void) {
    this.#database = database;
    this.#onFailure = (error) => {
      this.failures += 1;
      onFailure(error);
    };
    const entries = Object.entries(STATEMENTS).map(([name, sql]) => [name, database.prepare(sql)]);
    this.#statements = Object.fromEntries(entries) as Record<
      keyof typeof STATEMENTS,
      StatementSync
    >;
  }

  /** R1. Everything written so far is in the file (and survives the process) afterwards. */
  commit(): void {
    if (!this.#writing) return;
    this.#writing = false;
    try {
      this.#database.exec("COMMIT");
    } catch (error) {
      this.#onFailure(error); // R5
      if (this.#database.isOpen && this.#database.isTransaction) this.#database.exec("ROLLBACK");
    }
  }

  /** @returns the row that was written last, 0 if nothing was. */
  #write(name: keyof typeof STATEMENTS, ...values: (string | number | null | Buffer)[]): number {
    if (!this.#database.isOpen) return 0; // A publish settled after the broker has stopped.
    try {
      if (!this.#writing) {
        this.#database.exec("BEGIN");
        this.#writing = true;
        setImmediate(() => this.#database.isOpen && this.commit());
      }
      return Number(this.#statements[name].run(...values).lastInsertRowid);
    } catch (error) {
      this.#onFailure(error); // R5
      return 0;
    }
  }

  #read(name: keyof typeof STATEMENTS, ...values: (string | number)[]): Record<string, unknown>[] {
    if (!this.#database.isOpen) return [];
    try {
      return this.#statements[name].all(...values);
    } catch (error) {
      this.#onFailure(error); // R5
      return [];
    }
  }

  /** Those that end first come first, those whose client was connected last. */
  sessions(): OwnedSessionRow[] {
    const rows = this.#read("sessions") as unknown as (SessionRow & {
      principal: string | null;
      grant: string | null;
    })[];
    return rows.map(({ principal, grant, ...row }) => ({
      ...row,
      owner: grant === null ? null : { principal: principal ?? undefined, grant },
    }));
  }

  saveOwner(client: string, { principal, grant }: Owner): void {
    if (grant !== undefined) this.#write("saveOwner", client, principal ?? null, grant);
  }

  saveSession(row: SessionRow): void {
    this.#write("saveSession", row.client, row.expirySeconds, row.expiresAtMs, row.holder);
  }

  /** Everything of the session; its will has a life of its own. */
  endSession(client: string): void {
    this.#write("endSession", client);
    this.#write("endOwner", client);
    this.#write("endSubscriptions", client);
    this.#write("endQueue", client);
    this.#write("endReceived", client);
  }

  *subscriptions(): Iterable<{ client: string; filter: string; options: SubscriptionOptions }> {
    for (const row of this.#read("subscriptions") as unknown as {
      client: string;
      filter: string;
      options: Buffer;
    }[])
      yield { ...row, options: deserialize(row.options) as SubscriptionOptions };
  }

  subscribe(client: string, filter: string, options: SubscriptionOptions): void {
    this.#write("subscribe", client, filter, serialize(options));
  }

  unsubscribe(client: string, filter: string): void {
    this.#write("unsubscribe", client, filter);
  }

  /**
   * Stores a message for a client.
   * @param messageId under which it is sent at the same time, if it is. @returns its sequence, 0 if it was not stored (R5).
   */
  enqueue(
    client: string,
    qos: 1 | 2,
    message: StoredMessage,
    messageId: number | null = null,
  ): number {
    const bytes = weightOf(message);
    return this.#write("enqueue", client, qos, bytes, serialize(message), messageId);
  }

  /** R3. The next messages behind `sequence`, sent or not. */
  next(client: string, sequence: number, limit: number): QueuedRow[] {
    return this.#read("next", client, sequence, limit).map(queuedRow);
  }

  inFlight(client: string): QueuedRow[] {
    return this.#read("inFlight", client).map(queuedRow);
  }

  backlogs(): Map<string, Backlog> {
    const rows = this.#read("backlogs") as unknown as ({ client: string } & Backlog)[];
    return new Map(rows.map(({ client, messages, bytes }) => [client, { messages, bytes }]));
  }

  markSent(sequence: number, messageId: number): void {
    this.#write("sent", messageId, sequence);
  }

  markReleased(sequence: number): void {
    this.#write("released", sequence);
  }

  dequeue(sequence: number): void {
    this.#write("dequeue", sequence);
  }

  addReceived(client: string, messageId: number): void {
    this.#write("received", client, messageId);
  }

  removeReceived(client: string, messageId: number): void {
    this.#write("forget", client, messageId);
  }

  receivedOf(client: string): number[] {
    const rows = this.#read("receivedOf", client) as { messageId: number }[];
    return rows.map(({ messageId }) => messageId);
  }

  /** @param holder the key of the holder that it counts for; null for none. */
  retain(message: StoredMessage, holder: string | null): void {
    this.#write("retain", message.topic, serialize(message), holder, message.expiresAtMs ?? null);
  }

  unretain(topic: string): void {
    this.#write("unretain", topic);
  }

  retainedTopics(): RetainedRow[] {
    return this.#read("retainedTopics") as unknown as RetainedRow[];
  }

  retained(topic: string): StoredMessage | undefined {
    const row = this.#read("retained", topic)[0] as { message: Buffer } | undefined;
    return row && messageOfBlob(row.message);
  }

  putWill(client: string, will: Will, { principal, grant }: Owner): void {
    this.#write("putWill", client, serialize({ ...will, owner: { principal, grant } }));
  }

  deleteWill(client: string): void {
    this.#write("deleteWill", client);
  }

  wills(): StoredWill[] {
    const rows = this.#read("wills") as { client: string; will: Buffer }[];
    return rows.map(({ client, will: stored }) => {
      const { owner = null, ...will } = deserialize(stored) as Will & { owner?: Owner };
      return { client, will, owner };
    });
  }

  [Symbol.dispose](): void {
    this.commit();
    this.#database.close();
  }
}

const messageOfBlob = (blob: Uint8Array): StoredMessage => deserialize(blob) as StoredMessage;

function queuedRow(row: Record<string, unknown>): QueuedRow {
  return {
    sequence: row.sequence as number,
    qos: row.qos as 1 | 2,
    bytes: row.bytes as number,
    messageId: row.message_id as number | null,
    released: row.released === 1,
    message: messageOfBlob(row.message as Buffer),
  };
}

/**
 * Opens or makes the store.
 *
 * @throws AppError `DIRECTORY_UNWRITABLE` when the directory cannot hold it.
 */
export function openSessionStore(
  directory: string | undefined,
  onFailure: (error: unknown) => void,
): SessionStore {
  try {
    const path = directory === undefined ? ":memory:" : join(directory, "sessions.sqlite");
    if (directory !== undefined) {
      makePrivateDirectory(directory);
      makePrivateDatabase(path);
    }
    const database = new DatabaseSync(path);
    // WAL keeps the file whole through a power cut; NORMAL survives the process without an fsync
    // per transaction. Two gateways on one file would hand out each other's messages.
    database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;");
    database.exec("PRAGMA synchronous = NORMAL;");
    prepareTables(database);
    return new SessionStore(database, onFailure);
  } catch (error) {
    const where = directory ?? "memory";
    const message = `the session store in ${where} cannot be opened: ${messageOf(error)}`;
    throw new AppError("DIRECTORY_UNWRITABLE", "fatal", message, { cause: error });
  }
}
