// A backup of running stores: each stream as it was at one moment, the buckets with positions before the logs that they
// are of, so that nothing is taken for done that the backup has not.
//
// S1. A directory is a backup once it has its manifest and its name, which come last; until then it may be gone on with:
//     streams that are there whole are not taken again.
import type { NatsConnection } from "../../../platform/nats/client/connection.ts";
import { Streams } from "../../../platform/nats/client/streams.ts";
import { HUB_ACCOUNT } from "../../../platform/nats/topology/crossings.ts";
import { type HeldStream, heldStreams } from "../../../platform/nats/topology/held-streams.ts";
import { snapshotStream } from "../../../platform/nats/topology/stream-snapshot.ts";
import { LEASES_BUCKET, bucketStream } from "../../../contracts/names/subjects.ts";
import { type InfluxPlace, backUpInflux } from "./influx.ts";
import {
  BEGUN,
  type BackedUpServer,
  type BackedUpStream,
  type Begun,
  MANIFEST,
  MANIFEST_VERSION,
  type Manifest,
  backupName,
  isOfSame,
  outdated,
} from "./manifest.ts";
import { type BackupFiles, type BackupStore, faultOf, readJson, writeJson } from "./store.ts";

export interface BackupSources {
  /** Servers by their JetStream domains, as administrator. */
  readonly servers: Readonly<Record<string, NatsConnection>>;
  readonly influx: InfluxPlace | null;
}

export interface BackupOptions {
  readonly to: BackupStore;
  /** Number of complete ones that stay. */
  readonly keep?: number;
  readonly at: (now: string) => void;
}

export interface Backup {
  readonly path: string;
  readonly manifest: Manifest;
  /** True if it went on with one that was cut off. */
  readonly isResumed: boolean;
  readonly removed: readonly string[];
}

/** Makes one backup, or goes on with the one that was cut off. */
export async function backUp(sources: BackupSources, options: BackupOptions): Promise<Backup> {
  const { to, keep, at } = options;
  const wanted = begunOf(sources);
  const begun = await unfinishedOf(to, wanted);
  const name = begun ?? (await freeName(to));
  const files = await to.begin(name);
  if (begun === undefined) await writeJson(files, BEGUN, wanted);
  const startedAt = new Date().toISOString();
  const servers: BackedUpServer[] = [];
  for (const [domain, connection] of Object.entries(sources.servers)) {
    const streams: BackedUpStream[] = [];
    for (const { stream, account } of await streamsOf(connection, domain)) {
      at(`${stream} of ${domain}`);
      const taken = await backUpStream(connection, { files, domain, stream });
      streams.push(account === HUB_ACCOUNT ? taken : { ...taken, account });
    }
    servers.push({ domain, version: connection.info?.version ?? "", streams });
  }
  if (sources.influx) at("InfluxDB");
  const influx = sources.influx && (await backUpInflux(sources.influx, files));
  const finishedAt = new Date().toISOString();
  const manifest: Manifest = { v: MANIFEST_VERSION, startedAt, finishedAt, servers, influx };
  await writeJson(files, MANIFEST, manifest);
  const path = await to.finish(name);
  const removed = keep === undefined ? [] : await makeWay(to, keep);
  return { path, manifest, isResumed: begun !== undefined, removed };
}

/** Two that begin in one second are two. */
async function freeName(to: BackupStore): Promise<string> {
  const taken = new Set([...(await to.complete()), ...(await to.unfinished())]);
  let ms = Date.now();
  while (taken.has(backupName(ms))) ms += 1_000;
  return backupName(ms);
}

const begunOf = ({ servers, influx }: BackupSources): Begun => ({
  domains: Object.keys(servers).sort(),
  influx: influx && [influx.address, influx.database],
});

/** The newest backup of the same servers that was cut off (S1). */
async function unfinishedOf(to: BackupStore, wanted: Begun): Promise<string | undefined> {
  for (const name of (await to.unfinished()).toReversed())
    if (isOfSame(await readJson(await to.begin(name), BEGUN), wanted)) return name;
  return undefined;
}

/** Removes the oldest complete backups, and what was cut off before all that stay. */
async function makeWay(to: BackupStore, keep: number): Promise<string[]> {
  const all = await to.complete();
  const gone = outdated(all, keep);
  for (const old of gone) await to.remove(old);
  const [oldest = ""] = all.slice(-keep);
  const stale = (await to.unfinished()).filter((name) => name < oldest);
  for (const old of stale) await to.removeUnfinished(old);
  return [...gone, ...stale];
}

/** Streams in the order in which they are taken: buckets first. Leases are of processes that run now. */
async function streamsOf(
  connection: NatsConnection,
  domain: string,
): Promise<{ stream: string; account: string }[]> {
  const held = await heldStreams(new Streams(connection), domain);
  const isBucket = ({ name }: HeldStream): boolean => name.startsWith(bucketStream(""));
  return [...held.filter(isBucket), ...held.filter((one) => !isBucket(one))]
    .filter(({ name }) => name !== bucketStream(LEASES_BUCKET))
    .map(({ name: stream, account }) => ({ stream, account }));
}

async function backUpStream(
  connection: NatsConnection,
  { files, domain, stream }: { files: BackupFiles; domain: string; stream: string },
): Promise<BackedUpStream> {
  const note = `${domain}/${stream}.json`;
  const before = (await readJson(files, note)) as BackedUpStream | null;
  if (before && (await isWhole(files, before))) return before; // S1
  const { config, state, chunks } = await snapshotStream(connection, stream);
  const file = await files.write(`${domain}/${stream}.snapshot`, chunks);
  const taken: BackedUpStream = { ...file, config, state };
  await writeJson(files, note, taken);
  return taken;
}

/** A file on a disk may have changed since; an object elsewhere was stored as a whole, and is not fetched again for that. */
const isWhole = async (files: BackupFiles, of: BackedUpStream): Promise<boolean> =>
  files.directory === null
    ? (await files.size(of.file)) === of.bytes
    : (await faultOf(files, of)) === null;
