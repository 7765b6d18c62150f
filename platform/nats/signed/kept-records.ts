// The last record of each subject that was verified, and the commands that were answered, in a SQLite file: so that
// what was valid stays in force over a restart too, whatever the nats-server says by then, no older record is taken,
// and no command carried out twice.
import { dirname } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { refuseNewerFile } from "../../runtime/database-version.ts";
import { AppError, messageOf } from "../../runtime/errors.ts";
import { makePrivateDatabase, makePrivateDirectory } from "../../runtime/private-files.ts";
import type { PlacedRecord } from "./signature.ts";

/** That of the files written; the first one is 0, as SQLite has it. */
export const KEPT_RECORDS_VERSION = 0;
const SCHEMA = `
CREATE TABLE IF NOT EXISTS record (
  stream TEXT NOT NULL, subject TEXT NOT NULL, data BLOB NOT NULL, removed INTEGER NOT NULL,
  signature TEXT NOT NULL, PRIMARY KEY (stream, subject));
CREATE TABLE IF NOT EXISTS finished (subject TEXT PRIMARY KEY, until_ms INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS newest (subject TEXT PRIMARY KEY, number INTEGER NOT NULL, until_ms INTEGER NOT NULL) WITHOUT ROWID;
`;

/** Writes between two removals of what is past its time. */
const PRUNE_EVERY = 1_000;

/** A record with the text of its signature. */
export interface SignedRecord extends PlacedRecord {
  readonly signature: string;
}

/** @throws AppError `FORMAT_NEWER`: without what it holds, older records would be taken again. */
function checkVersion(database: DatabaseSync, path: string): void {
  try {
    refuseNewerFile(database, KEPT_RECORDS_VERSION);
  } catch (cause) {
    throw new AppError("FORMAT_NEWER", "fatal", `${path}: ${messageOf(cause)}`, { cause });
  }
}

export class KeptRecords implements Disposable {
  readonly #database: DatabaseSync;
  readonly #put: StatementSync;
  readonly #finish: StatementSync;
  readonly #finished: StatementSync;
  readonly #raise: StatementSync;
  readonly #newest: StatementSync;
  #untilPruned = 0;

  /** @param path of the file, which is made; `:memory:` for none. */
  constructor(path: string) {
    if (path !== ":memory:") {
      makePrivateDirectory(dirname(path));
      makePrivateDatabase(path);
    }
    this.#database = new DatabaseSync(path);
    checkVersion(this.#database, path);
    // A power cut may lose the last ones; a transaction that is half written it never leaves.
    this.#database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;");
    this.#database.exec(SCHEMA);
    this.#put = this.#database.prepare("INSERT OR REPLACE INTO record VALUES (?, ?, ?, ?, ?)");
    this.#finish = this.#database.prepare("INSERT OR REPLACE INTO finished VALUES (?, ?)");
    this.#finished = this.#database.prepare("SELECT 1 FROM finished WHERE subject = ?");
    this.#raise = this.#database.prepare("INSERT OR REPLACE INTO newest VALUES (?, ?, ?)");
    this.#newest = this.#database.prepare("SELECT number FROM newest WHERE subject = ?");
  }

  *of(stream: string): Iterable<SignedRecord> {
    const rows = this.#database
      .prepare("SELECT subject, data, removed, signature FROM record WHERE stream = ?")
      .all(stream) as { subject: string; data: Uint8Array; removed: number; signature: string }[];
    for (const { subject, data, removed, signature } of rows)
      yield { stream, subject, data, signature, isDeletion: removed !== 0 };
  }

  put({ stream, subject, data, isDeletion, signature }: SignedRecord): void {
    this.#put.run(stream, subject, data, isDeletion ? 1 : 0, signature);
  }

  /** Remembers what is done with, until it counts no more by itself. */
  finish(subject: string, untilMs: number, nowMs: number): void {
    this.#prune(nowMs);
    this.#finish.run(subject, untilMs);
  }

  isFinished(subject: string): boolean {
    return this.#finished.get(subject) !== undefined;
  }

  /** Remembers the number of a subject's newest, until older ones count no more by themselves. */
  raise(subject: string, number: number, untilMs: number, nowMs: number): void {
    this.#prune(nowMs);
    this.#raise.run(subject, number, untilMs);
  }

  /** The number of a subject's newest; 0 for none that is remembered. */
  numberOf(subject: string): number {
    const found = this.#newest.get(subject) as { number: number } | undefined;
    return found?.number ?? 0;
  }

  #prune(nowMs: number): void {
    if (this.#untilPruned-- > 0) return;
    for (const table of ["finished", "newest"])
      this.#database.prepare(`DELETE FROM ${table} WHERE until_ms < ?`).run(nowMs);
    this.#untilPruned = PRUNE_EVERY;
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}
