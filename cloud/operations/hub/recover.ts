// Makes one history again of the hub's records and what the regions have seen of them.
//
// H1. The fence stays until every region that was named holds what the hub holds; cut off in between, it is repeated.
import type { NatsConnection } from "../../../platform/nats/client/connection.ts";
import { fenceOf } from "../../../platform/nats/client/fence.ts";
import { beginGeneration, setFence } from "../../../platform/nats/history/generations.ts";
import { mergeRecords } from "../../../platform/nats/history/merge.ts";
import {
  type Seen,
  differencesOf,
  isOfRecords,
  readRecords,
} from "../../../platform/nats/history/records.ts";
import { rewriteRecords } from "../../../platform/nats/history/rewrite.ts";
import { remakeMirrors, remakeRelays } from "../../../platform/nats/topology/remake-mirrors.ts";
import { BROADCAST_STREAMS } from "../../../platform/nats/topology/crossings.ts";
import { sleep } from "../../../platform/runtime/backoff.ts";
import { refused } from "../refused.ts";
import { count } from "../words.ts";

/** A new copy of a hundred thousand records takes seconds; after a cut a server waits for up to 40 s. */
const LEVEL_WITHIN_MS = 120_000;
const LOOK_EVERY_MS = 250;

export interface Servers {
  readonly hub: NatsConnection;
  /** The regions' servers by their names, as administrator. */
  readonly regions: Readonly<Record<string, NatsConnection>>;
}

export interface RecoverProgress {
  readonly at: (now: string) => void;
  readonly say: (line: string) => void;
}

/** Merges what hub and regions have, writes it again, makes the copies anew, and takes the fence away. */
export async function recoverHub(
  { hub, regions }: Servers,
  { at, say }: RecoverProgress,
  signal: AbortSignal = AbortSignal.timeout(LEVEL_WITHIN_MS),
): Promise<void> {
  if (!(await fenceOf(hub))) {
    const why = "the records are being merged";
    await setFence(hub, { foundAtMs: Date.now(), region: Object.keys(regions).join(", "), why });
  }
  for (const stream of BROADCAST_STREAMS.filter(isOfRecords)) {
    at(`${stream} is merged`);
    const line = await mergeStream(stream, hub, Object.values(regions));
    if (line !== null) say(line);
  }
  for (const [region, connection] of Object.entries(regions)) {
    at(`the copies of ${region} are made again`);
    await remakeRelays(hub, region);
    await remakeMirrors(connection, region, (stream) => at(`${stream} of ${region} is made again`));
  }
  for (const [region, connection] of Object.entries(regions)) {
    at(`${region} takes the records over`);
    await becomeLevel({ hub, region, connection }, signal);
    say(`${region} holds what the hub holds`);
  }
  const { id } = await beginGeneration(hub, "recovered");
  await setFence(hub, null);
  say(`the hub takes changes again, generation ${id}`);
}

/** The merge of a stream in words; null if there was nothing to do. */
async function mergeStream(
  stream: string,
  hub: NatsConnection,
  regions: readonly NatsConnection[],
): Promise<string | null> {
  const copies: Seen[] = [];
  for (const region of regions) {
    const copy = await readRecords(region, stream);
    if (copy) copies.push(copy);
  }
  const own = await readRecords(hub, stream);
  if (!own) throw refused(`the hub has no stream ${stream}: npx skerry topology apply`);
  if (copies.every((copy) => differencesOf(own, copy, Date.now()) === null)) return null;
  const records = mergeRecords(
    stream,
    [own, ...copies].map((seen) => seen.records),
  );
  const { lastSeq } = own.state;
  const seenSeq = Math.max(
    lastSeq,
    ...copies.flatMap((copy) => [copy.state.lastSeq, ...copy.records.map(({ seq }) => seq)]),
  );
  await rewriteRecords(hub, records, { lastSeq, seenSeq });
  const known = new Set(own.records.map(({ subject }) => subject));
  const lost = records.filter(({ subject }) => !known.has(subject)).length;
  const regained = lost === 0 ? "" : `, ${lost} of which the hub had lost`;
  return `${stream}: ${count(records.length, "record")} written again${regained}`;
}

/** Waits until the region's copies hold what the hub holds. @throws AppError `CONFIG_INVALID` if it takes too long. */
async function becomeLevel(
  of: { hub: NatsConnection; region: string; connection: NatsConnection },
  signal: AbortSignal,
): Promise<void> {
  const { hub, region, connection } = of;
  for (const stream of BROADCAST_STREAMS.filter(isOfRecords)) {
    for (;;) {
      const copy = await readRecords(connection, stream);
      const own = await readRecords(hub, stream);
      const isLevel = own && copy && copy.state.lastSeq === own.state.lastSeq;
      if (isLevel && !differencesOf(own, copy, Date.now())) break;
      if (signal.aborted)
        throw refused(
          `${stream} of ${region} does not become what the hub has: see whether the WAN is up, then run npx skerry hub recover again`,
        );
      await sleep(LOOK_EVERY_MS, signal);
    }
  }
}
