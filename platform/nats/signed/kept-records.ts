// The last record of each subject that was verified, in a SQLite file: so that what was valid stays in force
// over a restart too, whatever the nats-server says by then, and no older record is taken.
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
`;

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

  [Symbol.dispose](): void {
    this.#database.close();
  }
}
