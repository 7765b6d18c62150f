// Requests by their Idempotency-Key, in a SQLite file: what a key stands for, and the answer that it had.
//
// K1. A key is written down before anything of its request is stored, and its answer before the answer is sent: a
//     `kill -9` in between leaves a key without an answer, and whoever finds one asks the log (logged-readings.ts).
// K2. Bounded: KEYS_KEPT_MS, KEYS_OF_HOLDER_MAX of one holder, ANSWERS_BYTES_MAX together; the oldest go first.
// K3. A key belongs to whoever sent it: another device may use the same.
import { createHash } from "node:crypto";
import { join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { AppError, messageOf } from "../../platform/runtime/errors.ts";
import { makePrivateDatabase, makePrivateDirectory } from "../../platform/runtime/private-files.ts";

/** Time for which a key gives the same answer. */
export const KEYS_KEPT_MS = 24 * 3_600_000;
/** Keys of one device or address; the oldest are forgotten. */
export const KEYS_OF_HOLDER_MAX = 10_000;
/** All answers together; those of the oldest keys are forgotten. */
export const ANSWERS_BYTES_MAX = 256 * 1024 ** 2;

const FILE = "http-keys.sqlite";
const SCHEMA = `
CREATE TABLE IF NOT EXISTS request (
  key TEXT PRIMARY KEY, holder TEXT NOT NULL, at_ms INTEGER NOT NULL, content TEXT NOT NULL,
  from_seq INTEGER NOT NULL, status INTEGER, answer TEXT) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS request_by_holder ON request (holder, at_ms);
CREATE INDEX IF NOT EXISTS request_by_time ON request (at_ms);
`;

/** A request as it came first. */
export interface KeyedRequest {
  /** Epoch ms, by the clock of readings: as of then all of it arrived. */
  readonly atMs: number;
  /** Digest of where it was sent and of its body. */
  readonly content: string;
  /** Its readings are behind this sequence of the region's log. */
  readonly fromSeq: number;
  /** Null: nobody was answered yet. */
  readonly answer: { readonly status: number; readonly body: string } | null;
}

interface Row {
  readonly at_ms: number;
  readonly content: string;
  readonly from_seq: number;
  readonly status: number | null;
  readonly answer: string | null;
}

const keyOf = (holder: string, key: string): string =>
  createHash("sha256").update(`${holder.length} ${holder}${key}`).digest("base64url");

export class KeyStore implements Disposable {
  readonly #database: DatabaseSync;
  readonly #find: StatementSync;
  readonly #begin: StatementSync;
  readonly #finish: StatementSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    database.exec(SCHEMA);
    this.#find = database.prepare(
      "SELECT at_ms, content, from_seq, status, answer FROM request WHERE key = ?",
    );
    this.#begin = database.prepare("INSERT INTO request VALUES (?, ?, ?, ?, ?, NULL, NULL)");
    this.#finish = database.prepare("UPDATE request SET status = ?, answer = ? WHERE key = ?");
  }

  find(holder: string, key: string): KeyedRequest | null {
    const row = this.#find.get(keyOf(holder, key)) as Row | undefined;
    if (!row) return null;
    const { at_ms: atMs, content, from_seq: fromSeq, status, answer } = row;
    return {
      ...{ atMs, content, fromSeq },
      answer: status === null ? null : { status, body: answer ?? "" },
    };
  }

  /** K1. @throws AppError `DIRECTORY_UNWRITABLE` (retry) while it cannot be written down, as on a full disk. */
  begin(holder: string, key: string, request: Omit<KeyedRequest, "answer">): void {
    const { atMs, content, fromSeq } = request;
    written(() => this.#begin.run(keyOf(holder, key), holder, atMs, content, fromSeq));
  }

  /** K1. @throws as `begin`. */
  finish(holder: string, key: string, { status, body }: { status: number; body: string }): void {
    written(() => this.#finish.run(status, body, keyOf(holder, key)));
  }

  /** K2. */
  prune(nowMs: number): void {
    const database = this.#database;
    database.prepare("DELETE FROM request WHERE at_ms < ?").run(nowMs - KEYS_KEPT_MS);
    const crowded = database
      .prepare("SELECT holder, COUNT(*) AS n FROM request GROUP BY holder HAVING n > ?")
      .all(KEYS_OF_HOLDER_MAX) as { holder: string; n: number }[];
    const oldestOf = database.prepare(
      "DELETE FROM request WHERE key IN (SELECT key FROM request WHERE holder = ? ORDER BY at_ms LIMIT ?)",
    );
    for (const { holder, n } of crowded) oldestOf.run(holder, n - KEYS_OF_HOLDER_MAX);
    const beyond = database
      .prepare(
        `SELECT at_ms FROM (SELECT at_ms, SUM(LENGTH(answer) + 300) OVER (ORDER BY at_ms DESC) AS bytes
         FROM request) WHERE bytes > ? LIMIT 1`,
      )
      .get(ANSWERS_BYTES_MAX) as { at_ms: number } | undefined;
    if (beyond) database.prepare("DELETE FROM request WHERE at_ms <= ?").run(beyond.at_ms);
  }

  [Symbol.dispose](): void {
    if (this.#database.isOpen) this.#database.close();
  }
}

function written(write: () => unknown): void {
  try {
    write();
  } catch (error) {
    const why = `what the Idempotency-Key stands for cannot be kept: ${messageOf(error)}`;
    throw new AppError("DIRECTORY_UNWRITABLE", "retry", why, { cause: error });
  }
}

/**
 * Opens or makes the store; in memory without a directory.
 * @throws AppError `DIRECTORY_UNWRITABLE`: without it a key would promise what it does not keep.
 */
export function openKeyStore(directory: string): KeyStore {
  if (directory === "") return new KeyStore(new DatabaseSync(":memory:"));
  const path = join(directory, FILE);
  try {
    makePrivateDirectory(directory);
    makePrivateDatabase(path);
    const database = new DatabaseSync(path);
    database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;");
    database.exec("PRAGMA synchronous = NORMAL;");
    return new KeyStore(database);
  } catch (error) {
    throw new AppError(
      "DIRECTORY_UNWRITABLE",
      "fatal",
      `${path} cannot hold what Idempotency-Key stands for: ${messageOf(error)}`,
      { cause: error },
    );
  }
}
