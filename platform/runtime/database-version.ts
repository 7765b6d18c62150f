// The version of a SQLite file of ours (`PRAGMA user_version`).
import type { DatabaseSync } from "node:sqlite";

/** @throws Error if the file is a newer program's: what is in it is neither guessed at nor written to. */
export function refuseNewerFile(database: DatabaseSync, known: number): number {
  const { user_version: version } = database.prepare("PRAGMA user_version").get() as {
    user_version: number;
  };
  if (version > known)
    throw new Error(
      `its version is ${version}, and this program knows ${known} at most: start the newer program`,
    );
  return version;
}
