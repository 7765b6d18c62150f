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

/** Backups in a directory that were begun and not completed, the oldest first. */
export const unfinishedBackups = (names: readonly string[]): string[] =>
  completeBackups(
    names.flatMap((name) => (name.endsWith(PARTIAL) ? name.slice(0, -PARTIAL.length) : [])),
  );

/** The file that says what a backup is to hold, which is written first. */
export const BEGUN = "begun.json";

/** Servers that a backup is of: one that was cut off is gone on with by one that is of the same. */
export interface Begun {
  readonly domains: readonly string[];
  /** The address of InfluxDB's backup service, and the database; null for none. */
  readonly influx: readonly [address: string, database: string] | null;
}

/** True if both are of the same servers; of what is no such file it is not known, and it is not gone on with. */
export const isOfSame = (begun: unknown, wanted: Begun): boolean =>
  JSON.stringify(begun) === JSON.stringify(wanted);

/** Backups that go, so that the newest `keep` stay. */
export const outdated = (names: readonly string[], keep: number): string[] =>
  completeBackups(names).slice(0, -keep);
