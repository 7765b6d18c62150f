// What a backup says of itself (pure). A directory without one is none: it is written last.
import type { StoredConfig, StoredState } from "../../../platform/nats/topology/spec.ts";

export const MANIFEST = "manifest.json";
export const MANIFEST_VERSION = 1;

export interface BackedUpFile {
  /** Path below the directory of the backup. */
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface BackedUpStream extends BackedUpFile {
  /** The account that it is in, where that is not the usual one of its server. */
  readonly account?: string;
  readonly config: StoredConfig;
  readonly state: StoredState;
}

export interface BackedUpServer {
  /** JetStream domain: `hub` or a region. */
  readonly domain: string;
  /** Version of its nats-server. */
  readonly version: string;
  readonly streams: readonly BackedUpStream[];
}

export interface BackedUpInflux {
  readonly database: string;
  readonly files: readonly BackedUpFile[];
}

export interface Manifest {
  readonly v: number;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly servers: readonly BackedUpServer[];
  readonly influx: BackedUpInflux | null;
}

/** Names of complete backups are the times at which they began; those that are not complete end in `.partial`. */
export const PARTIAL = ".partial";
const NAME = /^\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}Z$/;

export const backupName = (atMs: number): string =>
  new Date(atMs)
    .toISOString()
    .replace(/\.\d+Z$/, "Z")
    .replaceAll(":", "-");

/** Complete backups among the names in a directory, the oldest first. */
export const completeBackups = (names: readonly string[]): string[] =>
  names.filter((name) => NAME.test(name)).sort();

/** The newest backup that was begun and not completed. */
export const unfinishedBackup = (names: readonly string[]): string | undefined =>
  names
    .filter((name) => name.endsWith(PARTIAL) && NAME.test(name.slice(0, -PARTIAL.length)))
    .sort()
    .at(-1);

/** Backups that go, so that the newest `keep` stay. */
export const outdated = (names: readonly string[], keep: number): string[] =>
  completeBackups(names).slice(0, -keep);
