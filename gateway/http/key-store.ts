// Requests by their Idempotency-Key, in a SQLite file: what a key stands for, and the answer that it had.
//
// K1. A key is written down before anything of its request is stored, and its answer before the answer is sent: a
//     `kill -9` in between leaves a key without an answer, and whoever finds one asks the log (logged-readings.ts).
// K2. Bounded: KEYS_KEPT_MS, KEYS_OF_HOLDER_MAX of one holder, ANSWERS_BYTES_MAX together; the oldest go first. A new key takes away
//     what is too much by it, and a few that are too old: nothing ever walks through all keys while devices wait.
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
/** All keys with their answers; the oldest are forgotten. */
export const ANSWERS_BYTES_MAX = 256 * 1024 ** 2;
/** Bytes of a key beside its answer, with its rows in the indexes. */
const KEY_BYTES = 300;
/** Keys that are too old and go with a new one, and each time that somebody asks for it (0.01 ms each). */
const EXPIRED_BY_KEY = 2;
const EXPIRED_AT_ONCE = 500;

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

interface Deleted {
  readonly holder: string;
  /** Bytes of its answer. */
  readonly bytes: number;
}

/** Deletes the keys that a condition selects, and tells of each. */
const forgetting = (condition: string): string =>
  `DELETE FROM request WHERE key IN (SELECT key FROM request ${condition})
   RETURNING holder, COALESCE(LENGTH(answer), 0) AS bytes`;

export class KeyStore implements Disposable {
  readonly #database: DatabaseSync;
  readonly #bounds: { readonly keysOfHolder: number; readonly bytes: number };
  readonly #find: StatementSync;
  readonly #begin: StatementSync;
  readonly #finish: StatementSync;
  readonly #expired: StatementSync;
  readonly #oldestOf: StatementSync;
  readonly #oldest: StatementSync;
  readonly #keysOf = new Map<string, number>();
  #bytes = 0;

  constructor(
    database: DatabaseSync,
    bounds = { keysOfHolder: KEYS_OF_HOLDER_MAX, bytes: ANSWERS_BYTES_MAX },
  ) {
    this.#database = database;
    this.#bounds = bounds;
    database.exec(SCHEMA);
    this.#expired = database.prepare(forgetting("WHERE at_ms < ? ORDER BY at_ms LIMIT ?"));
    this.#oldestOf = database.prepare(forgetting("WHERE holder = ? ORDER BY at_ms LIMIT ?"));
    this.#oldest = database.prepare(forgetting("ORDER BY at_ms LIMIT 1"));
    const kept = database.prepare(
      "SELECT holder, COUNT(*) AS keys, SUM(COALESCE(LENGTH(answer), 0)) AS bytes FROM request GROUP BY holder",
    );
    for (const row of kept.iterate()) {
      const { holder, keys, bytes } = row as { holder: string; keys: number; bytes: number };
      this.#keysOf.set(holder, keys);
      this.#bytes += keys * KEY_BYTES + bytes;
    }
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
    written(() => {
      this.#begin.run(keyOf(holder, key), holder, atMs, content, fromSeq);
      this.#keysOf.set(holder, (this.#keysOf.get(holder) ?? 0) + 1);
      this.#bytes += KEY_BYTES;
      this.#forget(this.#expired.all(atMs - KEYS_KEPT_MS, EXPIRED_BY_KEY));
      const over = (this.#keysOf.get(holder) ?? 0) - this.#bounds.keysOfHolder;
      if (over > 0) this.#forget(this.#oldestOf.all(holder, over));
      while (this.#bytes > this.#bounds.bytes) {
        const oldest = this.#oldest.all();
        if (oldest.length === 0) return;
        this.#forget(oldest);
      }
    });
  }

  /** K1. @throws as `begin`. */
  finish(holder: string, key: string, { status, body }: { status: number; body: string }): void {
    const finished = (): unknown => this.#finish.run(status, body, keyOf(holder, key)).changes;
    if (written(finished) === 1) this.#bytes += body.length;
  }

  /** K2, for a store that nobody adds to. @throws as `begin`. */
  prune(nowMs: number): void {
    this.#forget(written(() => this.#expired.all(nowMs - KEYS_KEPT_MS, EXPIRED_AT_ONCE)));
  }

  /** Takes what was deleted out of the count. */
  #forget(deleted: readonly unknown[]): void {
    for (const { holder, bytes } of deleted as Deleted[]) {
      const left = (this.#keysOf.get(holder) ?? 0) - 1;
      if (left > 0) this.#keysOf.set(holder, left);
      else this.#keysOf.delete(holder);
      this.#bytes -= KEY_BYTES + bytes;
    }
  }

  [Symbol.dispose](): void {
    if (this.#database.isOpen) this.#database.close();
  }
}

function written<T>(write: () => T): T {
  try {
    return write();
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
