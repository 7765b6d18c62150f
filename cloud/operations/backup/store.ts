// The port to a place where backups are: a directory, or a bucket of an S3.
import { createHash } from "node:crypto";
import { refused } from "../refused.ts";
import { type BackedUpFile, MANIFEST, MANIFEST_VERSION, type Manifest } from "./manifest.ts";

/** The files of one backup, by their paths in it. */
export interface BackupFiles {
  /** The place of the backup, as people name it. */
  readonly path: string;
  /** The directory that they are in, if it is on this machine. */
  readonly directory: string | null;
  /** Writes a file; it is there as a whole, and for good, or not at all. */
  write(
    file: string,
    pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  ): Promise<BackedUpFile>;
  /** The pieces of a file. @throws AppError if it is not there. */
  read(file: string): AsyncIterable<Uint8Array>;
  /** Null if it is not there. */
  size(file: string): Promise<number | null>;
}

export interface BackupStore {
  /** Names of complete backups, the oldest first. */
  complete(): Promise<string[]>;
  /** Names of those that were begun, the oldest first. */
  unfinished(): Promise<string[]>;
  begin(name: string): Promise<BackupFiles>;
  /** Makes a backup that has its manifest a complete one. @returns its place. */
  finish(name: string): Promise<string>;
  remove(name: string): Promise<void>;
  removeUnfinished(name: string): Promise<void>;
}

/** Size and hash of what passes. */
export class Measure {
  readonly #hash = createHash("sha256");
  #bytes = 0;

  take(piece: Uint8Array): void {
    this.#hash.update(piece);
    this.#bytes += piece.length;
  }

  of(file: string): BackedUpFile {
    return { file, bytes: this.#bytes, sha256: this.#hash.digest("hex") };
  }
}

/** The fault of a file, or null; all of it is read. */
export async function faultOf(files: BackupFiles, of: BackedUpFile): Promise<string | null> {
  if ((await files.size(of.file)) === null) return `${of.file} is missing`;
  const measure = new Measure();
  for await (const piece of files.read(of.file)) measure.take(piece);
  const { bytes, sha256 } = measure.of(of.file);
  if (bytes !== of.bytes) return `${of.file} has ${bytes} bytes, and had ${of.bytes}`;
  return sha256 === of.sha256 ? null : `${of.file} has changed: its SHA-256 is another`;
}

export const writeJson = (
  files: BackupFiles,
  file: string,
  value: unknown,
): Promise<BackedUpFile> => files.write(file, [Buffer.from(`${JSON.stringify(value, null, 2)}\n`)]);

/** Null if it is not there, or no JSON. */
export async function readJson(files: BackupFiles, file: string): Promise<unknown> {
  if ((await files.size(file)) === null) return null;
  const pieces: Uint8Array[] = [];
  for await (const piece of files.read(file)) pieces.push(piece);
  try {
    return JSON.parse(Buffer.concat(pieces).toString()) as unknown;
  } catch {
    return null;
  }
}

/** @throws AppError `CONFIG_INVALID` saying what is no backup, or one of a newer program. */
export async function readManifest(files: BackupFiles): Promise<Manifest> {
  const manifest = (await readJson(files, MANIFEST)) as Manifest | null;
  if (manifest === null)
    throw refused(
      `${files.path} is no complete backup: it has no ${MANIFEST}. Name one of its directories`,
    );
  if (manifest.v !== MANIFEST_VERSION)
    throw refused(
      `${files.path}/${MANIFEST} is of version ${manifest.v}, and this program reads ${MANIFEST_VERSION}`,
    );
  return manifest;
}
