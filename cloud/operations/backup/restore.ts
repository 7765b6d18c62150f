// Putting a backup back. A server that holds something is left alone unless its streams are to be replaced.
import { type NatsConnection, connectAs } from "../../../platform/nats/client/connection.ts";
import { Streams } from "../../../platform/nats/client/streams.ts";
import { regionsOf } from "../../../platform/nats/lanes/copies.ts";
import { beginGeneration } from "../../../platform/nats/history/generations.ts";
import { adminOf } from "../../../platform/nats/topology/crossings.ts";
import { remakeRelays } from "../../../platform/nats/topology/remake-mirrors.ts";
import { deleteStream, restoreSnapshot } from "../../../platform/nats/topology/stream-snapshot.ts";
import { HUB } from "../../../platform/nats/topology/topology.ts";
import { messageOf } from "../../../platform/runtime/errors.ts";
import { refused } from "../refused.ts";
import type { BackedUpServer, BackedUpStream, Manifest } from "./manifest.ts";
import { type BackupFiles, faultOf } from "./store.ts";

const CONNECT_WITHIN_MS = 5_000;

export interface RestoreOptions {
  readonly from: BackupFiles;
  /** True if what is there is deleted first. */
  readonly replace: boolean;
  readonly at: (now: string) => void;
  readonly say: (line: string) => void;
}

/** @throws AppError `CONFIG_INVALID` naming the file that is not as it was. */
export async function checkFiles(
  from: BackupFiles,
  { servers, influx }: Manifest,
): Promise<number> {
  const files = [...servers.flatMap(({ streams }) => streams), ...(influx?.files ?? [])];
  for (const file of files) {
    const fault = await faultOf(from, file);
    if (fault !== null) throw refused(`${from.path}: ${fault}`);
  }
  return files.length;
}

/** The streams that are there: the own ones, and of other accounts those that the backup has. */
async function presentOf(to: NatsConnection, wanted: readonly BackedUpStream[]) {
  const streams = new Streams(to);
  const present = await streams.list();
  for (const { config, account } of wanted) {
    const found = account === undefined ? null : await streams.find(config.name);
    if (found && present.every(({ name }) => name !== found.name)) present.push(found);
  }
  return present;
}

/** @throws AppError `CONFIG_INVALID` if the server has no such account. */
async function inAccountOf(
  to: NatsConnection,
  account: string,
  put: (into: NatsConnection) => Promise<void>,
): Promise<void> {
  const into = await connectAs(to, adminOf(account), CONNECT_WITHIN_MS).catch((error: unknown) => {
    throw refused(
      `the nats-server has no account ${account}: start it with the configuration that skerry topology nats-config hub prints (${messageOf(error)})`,
      error,
    );
  });
  try {
    await put(into);
  } finally {
    await into.close();
  }
}

/** Makes a server hold what it held; the hub's records begin another generation. */
export async function restoreServer(
  to: NatsConnection,
  { domain, streams }: BackedUpServer,
  { from, replace, at, say }: RestoreOptions,
): Promise<void> {
  const present = await presentOf(to, streams);
  const held = present.filter(({ messages }) => messages > 0);
  if (held.length > 0 && !replace)
    throw refused(
      `the server of ${domain} is not empty (${held.length} streams, among them ${held[0]!.name} with ${held[0]!.messages} messages): ` +
        "stop its processes, and say --replace to delete what it holds",
    );
  for (const { name } of present) await deleteStream(to, name);
  for (const stream of streams) {
    at(`${stream.config.name} of ${domain}`);
    const chunks = from.read(stream.file);
    const put = (into: NatsConnection): Promise<void> =>
      restoreSnapshot(into, stream.config, { state: stream.state, chunks });
    await (stream.account === undefined ? put(to) : inAccountOf(to, stream.account, put));
  }
  const messages = streams.reduce((sum, { state }) => sum + state.messages, 0);
  say(`${domain}: ${streams.length} streams with ${messages} messages`);
  if (domain !== HUB) return;
  // What regions copy from follows the records that were put back, not those that were there.
  for (const region of await regionsOf(new Streams(to))) {
    at(`the hub's copies for ${region} are made again`);
    await remakeRelays(to, region);
  }
  const { id } = await beginGeneration(to, "restored");
  say(
    `${domain}: generation ${id}; if regions have seen more, it is fenced: npx skerry hub recover`,
  );
}
