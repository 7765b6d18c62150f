// Files for the user who runs us and nobody else: messages, credentials, what devices said.
import { chmodSync, closeSync, existsSync, mkdirSync, openSync } from "node:fs";
import { isMainThread } from "node:worker_threads";

const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;

/** Makes what this process and its children create from now on private, whatever they ask for. */
export function createPrivately(): void {
  if (isMainThread) process.umask(0o077);
}

/** Makes the directory and those above it that are missing. One that is there keeps its rights: they are its owner's. */
export const makePrivateDirectory = (path: string): void =>
  void mkdirSync(path, { recursive: true, mode: DIRECTORY_MODE });

/** Makes the file if it is missing; one of before loses the rights of others. */
export function makePrivateFile(path: string): void {
  closeSync(openSync(path, "a", FILE_MODE));
  chmodSync(path, FILE_MODE);
}

/** The same for a database of SQLite, which gives the files beside it its rights when it makes them. */
export function makePrivateDatabase(path: string): void {
  makePrivateFile(path);
  for (const beside of ["-wal", "-shm", "-journal"])
    if (existsSync(path + beside)) chmodSync(path + beside, FILE_MODE);
}
