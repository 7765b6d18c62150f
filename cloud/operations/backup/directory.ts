// Backups in a directory: each in one of its own, which ends in `.partial` until it is complete.
import { createReadStream } from "node:fs";
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { BackedUpFile } from "./manifest.ts";
import { PARTIAL, completeBackups, unfinishedBackups } from "./manifest.ts";
import { type BackupFiles, type BackupStore, Measure } from "./store.ts";

const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;
const PIECE_BYTES = 128 * 1024;

/** The files of a backup in its directory. */
export const filesIn = (directory: string): BackupFiles => ({
  path: directory,
  directory,
  write: (file, pieces) => writePieces(directory, file, pieces),
  read: (file) => createReadStream(join(directory, file), { highWaterMark: PIECE_BYTES }),
  size: (file) =>
    stat(join(directory, file)).then(
      ({ size }) => size,
      () => null,
    ),
});

async function writePieces(
  directory: string,
  file: string,
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<BackedUpFile> {
  const path = join(directory, file);
  await mkdir(dirname(path), { recursive: true, mode: DIRECTORY_MODE });
  const measure = new Measure();
  await using handle = await open(path, "w", FILE_MODE);
  for await (const piece of pieces) {
    await handle.writeFile(piece);
    measure.take(piece);
  }
  await handle.sync();
  return measure.of(file);
}

export class DirectoryStore implements BackupStore {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async complete(): Promise<string[]> {
    return completeBackups(await this.#names());
  }

  async unfinished(): Promise<string[]> {
    return unfinishedBackups(await this.#names());
  }

  async begin(name: string): Promise<BackupFiles> {
    const directory = join(this.#directory, `${name}${PARTIAL}`);
    await mkdir(directory, { recursive: true, mode: DIRECTORY_MODE });
    return filesIn(directory);
  }

  async finish(name: string): Promise<string> {
    const path = join(this.#directory, name);
    await rename(`${path}${PARTIAL}`, path);
    await using handle = await open(this.#directory, "r");
    await handle.sync();
    return path;
  }

  remove(name: string): Promise<void> {
    return rm(join(this.#directory, name), { recursive: true });
  }

  removeUnfinished(name: string): Promise<void> {
    return this.remove(`${name}${PARTIAL}`);
  }

  async #names(): Promise<string[]> {
    await mkdir(this.#directory, { recursive: true, mode: DIRECTORY_MODE });
    return readdir(this.#directory);
  }
}
