// The places of groups that read a region's log, among the positions of operators: one record for each group.
import { formatProblem } from "../../../contracts/messages/format.ts";
import { POSITIONS_BUCKET, bucketStream, positionKey } from "../../../contracts/names/subjects.ts";
import { unescapeToken } from "../../../contracts/names/token.ts";
import { Bucket } from "../client/bucket.ts";
import type { NatsConnection } from "../client/connection.ts";
import { jsonOf } from "../client/payload.ts";
import { Streams } from "../client/streams.ts";

/** The operator that groups are, where positions are kept. */
export const GROUPS = "groups";

/** The group has acknowledged everything before this place. */
export interface GroupPlace {
  /** A frame, 0 before the first. */
  readonly seq: number;
  /** The time at which it was stored, epoch ms; null if the group begins behind it and has not read it. */
  readonly storeMs: number | null;
  /** Readings of the frame that are done, null if all are. */
  readonly at: number | null;
  /** Frames that retention removed before the group had read them, since it was made. */
  readonly lostFrames: number;
  /** The last of these, of which no member has been told yet. */
  readonly untold?: { readonly from: number; readonly until: number };
  /** Epoch ms. */
  readonly createdMs: number;
}

/** The part of the keys of a group. @param filter in its one spelling (topics.ts, `logFilter`). */
export const groupPart = ({ group, filter }: { group: string; filter: string }): string =>
  `${group}/${filter}`;

export interface StoredGroup {
  readonly group: string;
  readonly filter: string;
  readonly place: GroupPlace;
}

/** The number of groups that have a place in a region's log. */
export async function countGroups(connection: NatsConnection, timeoutMs: number): Promise<number> {
  const streams = new Streams(connection, { timeoutMs });
  return (await streams.subjects(bucketStream(POSITIONS_BUCKET), keysOfGroups)).size;
}

/** The groups of a region, by name; without those that a newer program has saved. */
export async function storedGroups(connection: NatsConnection): Promise<StoredGroup[]> {
  const streams = new Streams(connection);
  const bucket = await Bucket.open(connection, POSITIONS_BUCKET);
  const subjects = await streams.subjects(bucketStream(POSITIONS_BUCKET), keysOfGroups);
  const found: StoredGroup[] = [];
  for (const subject of [...subjects.keys()].sort()) {
    const key = subject.slice(KEYS.length);
    const record = await bucket.get(key);
    if (!record?.data) continue;
    const saved = jsonOf<{ position: GroupPlace }>(record.data);
    if (formatProblem("position", saved) !== null) continue;
    const [group = "", ...filter] = unescapeToken(key.split(".")[1] ?? "").split("/");
    found.push({ group, filter: filter.join("/"), place: saved.position });
  }
  return found;
}

/** Removes the place of a group: it is none any more. False if it was none. */
export async function removeGroup(
  connection: NatsConnection,
  region: string,
  of: { group: string; filter: string },
): Promise<boolean> {
  const key = positionKey(GROUPS, { region, partition: 0 }, groupPart(of));
  const what = { subject: `${KEYS}${key}` };
  return (await new Streams(connection).purge(bucketStream(POSITIONS_BUCKET), what)) > 0;
}

const KEYS = `$KV.${POSITIONS_BUCKET}.`;
const keysOfGroups = `${KEYS}${GROUPS}.>`;
