// The last values of bridges in a SQLite file, so that a restart of the gateway, after which every bridge
// connects and repeats all it has, makes no old value new.
//
// B1. Writes of one turn of the event loop form one transaction, which ends with the turn. A `kill -9` loses
//     at most those of one turn; what is lost counts as new (bridge-memory.ts/Q3).
// B2. It holds digests of values that are in the log by then, never one that may not be.
// B3. A store that fails is reported once and never throws: the memory of the process goes on without it.
import { join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { refuseNewerFile } from "../../platform/runtime/database-version.ts";
import { messageOf } from "../../platform/runtime/errors.ts";
import type { Logger } from "../../platform/runtime/logger.ts";
import { makePrivateDatabase, makePrivateDirectory } from "../../platform/runtime/private-files.ts";
import type { BridgeValue, BridgeValues } from "./bridge-memory.ts";

const FILE = "bridges.sqlite";
/** That of the files written; the first one is 0, as SQLite has it. */
export const BRIDGE_STORE_VERSION = 0;
const SCHEMA = `
CREATE TABLE IF NOT EXISTS bridge_value (
  key TEXT PRIMARY KEY, last TEXT NOT NULL, retained TEXT);
`;

export class BridgeStore implements BridgeValues, Disposable {
  readonly #database: DatabaseSync;
  readonly #onFailure: (error: unknown) => void;
  readonly #put: StatementSync;
  readonly #remove: StatementSync;
  #writing = false;
  #failed = false;

  constructor(database: DatabaseSync, onFailure: (error: unknown) => void) {
    this.#database = database;
    this.#onFailure = onFailure;
    // A row that is replaced gets the highest rowid: rows stay in the order of their last change.
    this.#put = database.prepare("INSERT OR REPLACE INTO bridge_value VALUES (?, ?, ?)");
    this.#remove = database.prepare("DELETE FROM bridge_value WHERE key = ?");
  }

  /** All values, the longest unchanged first. */
  *load(): Iterable<[key: string, value: BridgeValue]> {
    const rows = this.#database
      .prepare("SELECT key, last, retained FROM bridge_value ORDER BY rowid")
      .all() as { key: string; last: string; retained: string | null }[];
    for (const { key, last, retained } of rows) yield [key, { last, retained }];
  }

  put(key: string, { last, retained }: BridgeValue): void {
    this.#write(this.#put, key, last, retained);
  }

  remove(key: string): void {
    this.#write(this.#remove, key);
  }

  #write(statement: StatementSync, ...values: (string | null)[]): void {
    if (this.#failed || !this.#database.isOpen) return;
    try {
      if (!this.#writing) {
        this.#database.exec("BEGIN");
        this.#writing = true;
        setImmediate(() => this.#commit()); // B1
      }
      statement.run(...values);
    } catch (error) {
      this.#fail(error);
    }
  }

  #commit(): void {
    if (!this.#writing || !this.#database.isOpen) return;
    this.#writing = false;
    try {
      this.#database.exec("COMMIT");
    } catch (error) {
      this.#fail(error);
    }
  }

  /** B3. What the file holds from now on may be older than what is known: nothing is written any more. */
  #fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#writing = false;
    if (this.#database.isOpen && this.#database.isTransaction) this.#database.exec("ROLLBACK");
    this.#onFailure(error);
  }

  [Symbol.dispose](): void {
    this.#commit();
    if (this.#database.isOpen) this.#database.close();
  }
}

/** Opens or makes the store; null where there is no directory, or if the file is of no use, which is logged. */
export function openBridgeStore(directory: string, logger: Logger): BridgeStore | null {
  if (directory === "") return null;
  const path = join(directory, FILE);
  const consequence = "what bridges repeat after the next restart may count as new";
  try {
    makePrivateDirectory(directory);
    makePrivateDatabase(path);
    const database = new DatabaseSync(path);
    refuseNewerFile(database, BRIDGE_STORE_VERSION);
    database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;");
    database.exec("PRAGMA synchronous = NORMAL;");
    database.exec(SCHEMA);
    return new BridgeStore(database, (error) =>
      logger.error({ err: error }, `${path} cannot be written: ${consequence}`),
    );
  } catch (error) {
    logger.error(
      `${path} cannot be opened (${messageOf(error)}): ${consequence}. ` +
        "If it stays so, stop the gateway and remove the file.",
    );
    return null;
  }
}
