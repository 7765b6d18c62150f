// A backup of running stores: each stream as it was at one moment, the buckets with positions before the logs that they
// are of, so that nothing is taken for done that the backup has not.
//
// S1. A directory is a backup once it has its manifest and its name, which come last; until then it may be gone on with:
//     streams that are there whole are not taken again.
import { existsSync, readFileSync } from "node:fs";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { NatsConnection } from "../../../platform/nats/client/connection.ts";
import { Streams } from "../../../platform/nats/client/streams.ts";
import { HUB_ACCOUNT } from "../../../platform/nats/topology/crossings.ts";
import { type HeldStream, heldStreams } from "../../../platform/nats/topology/held-streams.ts";
import { snapshotStream } from "../../../platform/nats/topology/stream-snapshot.ts";
import { LEASES_BUCKET, bucketStream } from "../../../contracts/names/subjects.ts";
import { complete, faultOf, writeJson, writePieces } from "./files.ts";
import { type InfluxPlace, backUpInflux } from "./influx.ts";
import {
  type BackedUpServer,
  type BackedUpStream,
  MANIFEST,
  MANIFEST_VERSION,
  type Manifest,
  PARTIAL,
  backupName,
  unfinishedBackup,
} from "./manifest.ts";

export interface BackupSources {
  /** Servers by their JetStream domains, as administrator. */
  readonly servers: Readonly<Record<string, NatsConnection>>;
  readonly influx: InfluxPlace | null;
}

export interface BackupOptions {
  /** The directory that holds the backups. */
  readonly to: string;
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
  await mkdir(to, { recursive: true, mode: 0o700 });
  const begun = unfinishedBackup(await readdir(to));
  const name = begun?.slice(0, -PARTIAL.length) ?? backupName(Date.now());
  const partial = `${name}${PARTIAL}`;
  const directory = join(to, partial);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const startedAt = new Date().toISOString();
  const servers: BackedUpServer[] = [];
  for (const [domain, connection] of Object.entries(sources.servers)) {
    const streams: BackedUpStream[] = [];
    for (const { stream, account } of await streamsOf(connection, domain)) {
      at(`${stream} of ${domain}`);
      const taken = await backUpStream(connection, { directory, domain, stream });
      streams.push(account === HUB_ACCOUNT ? taken : { ...taken, account });
    }
    servers.push({ domain, version: connection.info?.version ?? "", streams });
  }
  if (sources.influx) at("InfluxDB");
  const influx = sources.influx && (await backUpInflux(sources.influx, directory));
  const finishedAt = new Date().toISOString();
  const manifest: Manifest = { v: MANIFEST_VERSION, startedAt, finishedAt, servers, influx };
  await writeJson(directory, MANIFEST, manifest);
  const removed = await complete(to, { partial, name, keep });
  return { path: join(to, name), manifest, isResumed: begun !== undefined, removed };
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
  { directory, domain, stream }: { directory: string; domain: string; stream: string },
): Promise<BackedUpStream> {
  const note = `${domain}/${stream}.json`;
  if (existsSync(join(directory, note))) {
    const taken = JSON.parse(readFileSync(join(directory, note), "utf8")) as BackedUpStream;
    if ((await faultOf(directory, taken)) === null) return taken; // S1
  }
  const { config, state, chunks } = await snapshotStream(connection, stream);
  const file = await writePieces(directory, `${domain}/${stream}.snapshot`, chunks);
  const taken: BackedUpStream = { ...file, config, state };
  await writeJson(directory, note, taken);
  return taken;
}
