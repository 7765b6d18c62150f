// The mirrors of an older installation, which were among the hub's own records: taken into the account that they are in now,
// message by message under the same sequence numbers. From the region they could not be made again: it may have trimmed
// what the hub's mirror still has.
//
// G1. The old one goes when the new one holds all that it held. Whatever ends this, the next `topology apply` goes on.
// G2. Where both hold something that the other lacks, neither is touched, and a person is told.
import type { JetStreamManager, StreamInfo } from "nats";
import { AppError } from "../../runtime/errors.ts";
import { streamOrNull } from "../client/errors.ts";
import { connectAs } from "../client/connection.ts";
import { HUB_ACCOUNT, adminOf, apiOfAccount } from "./crossings.ts";
import { administered, connectionTo, managerOf, placeOf, type Connections } from "./places.ts";
import type { StreamSpec } from "./spec.ts";
import { restoreSnapshot, snapshotStream } from "./stream-snapshot.ts";
import type { Domain } from "./topology.ts";

const CONNECT_WITHIN_MS = 5_000;

interface MoveProgress {
  at(now: string): void;
}

/** The server's own JetStream domain: a name that leads to its usual account whatever names are mapped (server-config.ts). */
const ownApi = (server: string): string => `$JS.${server}.API`;

/** Streams of a place that are still among the server's own. */
export async function misplaced(
  connections: Connections,
  { name, account, streams }: Domain,
): Promise<string[]> {
  if (account === HUB_ACCOUNT) return [];
  const own = await administered(connectionTo(connections, name), { domain: name });
  const found: string[] = [];
  for (const spec of streams) if (await oldOf(own, spec)) found.push(spec.name);
  return found;
}

/** A mirror that is not where it belongs; an origin of the same name is where it belongs. */
async function oldOf(own: JetStreamManager, { name }: StreamSpec): Promise<StreamInfo | null> {
  const info = await streamOrNull(own.streams.info(name));
  return info?.config.mirror ? info : null;
}

/** Moves what is misplaced. @throws AppError `CONFIG_INVALID` where a person has to decide (G2). */
export async function moveMirrors(
  connections: Connections,
  domain: Domain,
  progress?: MoveProgress,
): Promise<void> {
  const { name, account, streams } = domain;
  if (account === HUB_ACCOUNT) return;
  const connection = connectionTo(connections, name);
  const own = await administered(connection, { domain: name });
  const there = await managerOf(connections, domain);
  for (const spec of streams) {
    const old = await oldOf(own, spec);
    if (!old) continue;
    progress?.at(`${spec.name}, which moves to ${placeOf(domain)}`);
    const before = await streamOrNull(there.streams.info(spec.name));
    const isThere = before !== null && holdsAll(before, old);
    if (before && !isThere) {
      if (before.state.last_seq > old.state.last_seq) throw undecided(domain, old, before);
      // Of an earlier attempt, or made anew meanwhile: what it holds the old one holds, too.
      await there.streams.delete(spec.name);
    }
    if (!isThere) {
      const into = await connectAs(connection, adminOf(account), CONNECT_WITHIN_MS);
      await snapshotStream(connection, spec.name, ownApi(name))
        .then((snapshot) => restoreSnapshot(into, spec, snapshot))
        .finally(() => into.close());
      const after = await there.streams.info(spec.name);
      if (after.state.last_seq < old.state.last_seq) throw undecided(domain, old, after);
    }
    await own.streams.delete(spec.name); // G1
  }
}

/**
 * Judged by the ends: between them a mirror lacks what its origin lacks. A stream with bounds of its own forgets the oldest
 * wherever it is.
 */
const holdsAll = (one: StreamInfo, { state, config }: StreamInfo): boolean =>
  one.state.last_seq >= state.last_seq &&
  (state.messages === 0 || config.max_bytes > 0 || one.state.first_seq <= state.first_seq);

const rangeOf = ({ state }: StreamInfo): string => `${state.first_seq} to ${state.last_seq}`;

const undecided = (domain: Domain, old: StreamInfo, now: StreamInfo): AppError => {
  const { name } = old.config;
  return new AppError(
    "CONFIG_INVALID",
    "fatal",
    `${name} of ${domain.name} is in two accounts, and neither holds all: ${rangeOf(old)} in ${HUB_ACCOUNT}, ${rangeOf(now)} in ${domain.account}. ` +
      `Look at both, remove the one that you do not need ($JS.${domain.name}.API.STREAM.DELETE.${name}, ` +
      `${apiOfAccount(domain.account)}.STREAM.DELETE.${name}), and say this again`,
  );
};
