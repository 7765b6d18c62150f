// Files of a backup: written with their hash, on disk before anybody counts on them.
import { createHash } from "node:crypto";
import { createReadStream, existsSync, readFileSync } from "node:fs";
import { mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { refused } from "../refused.ts";
import {
  type BackedUpFile,
  MANIFEST,
  MANIFEST_VERSION,
  type Manifest,
  outdated,
} from "./manifest.ts";

const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;

/** Writes the pieces to a file. @param file path below `directory`. */
export async function writePieces(
  directory: string,
  file: string,
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<BackedUpFile> {
  const path = join(directory, file);
  await mkdir(dirname(path), { recursive: true, mode: DIRECTORY_MODE });
  const hash = createHash("sha256");
  let bytes = 0;
  await using handle = await open(path, "w", FILE_MODE);
  for await (const piece of pieces) {
    await handle.writeFile(piece);
    hash.update(piece);
    bytes += piece.length;
  }
  await handle.sync();
  return { file, bytes, sha256: hash.digest("hex") };
}

/** The pieces of a file. */
export const piecesOf = (directory: string, file: string): AsyncIterable<Uint8Array> =>
  createReadStream(join(directory, file), { highWaterMark: 128 * 1024 });

/** Size and hash of a file that is there. */
export async function describeFile(directory: string, file: string): Promise<BackedUpFile> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const piece of piecesOf(directory, file)) {
    hash.update(piece);
    bytes += piece.length;
  }
  return { file, bytes, sha256: hash.digest("hex") };
}

/** The fault of a file, or null. */
export async function faultOf(directory: string, of: BackedUpFile): Promise<string | null> {
  if (!existsSync(join(directory, of.file))) return `${of.file} is missing`;
  const { bytes, sha256 } = await describeFile(directory, of.file);
  if (bytes !== of.bytes) return `${of.file} has ${bytes} bytes, and had ${of.bytes}`;
  return sha256 === of.sha256 ? null : `${of.file} has changed: its SHA-256 is another`;
}

export const writeJson = (directory: string, file: string, value: unknown): Promise<BackedUpFile> =>
  writePieces(directory, file, [Buffer.from(`${JSON.stringify(value, null, 2)}\n`)]);

/** @throws AppError `CONFIG_INVALID` saying what is no backup, or one of a newer program. */
export function readManifest(directory: string): Manifest {
  const path = join(directory, MANIFEST);
  if (!existsSync(path))
    throw refused(
      `${directory} is no complete backup: it has no ${MANIFEST}. Name one of its directories`,
    );
  const manifest = JSON.parse(readFileSync(path, "utf8")) as Manifest;
  if (manifest.v !== MANIFEST_VERSION)
    throw refused(
      `${path} is of version ${manifest.v}, and this program reads ${MANIFEST_VERSION}`,
    );
  return manifest;
}

/** Gives a complete backup its name, and removes the oldest ones. @returns what was removed. */
export async function complete(
  directory: string,
  { partial, name, keep }: { partial: string; name: string; keep: number | undefined },
): Promise<string[]> {
  await rename(join(directory, partial), join(directory, name));
  await using handle = await open(directory, "r");
  await handle.sync();
  const gone = keep === undefined ? [] : outdated(await readdir(directory), keep);
  for (const old of gone) await rm(join(directory, old), { recursive: true });
  return gone;
}
