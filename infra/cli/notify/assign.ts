// Moving the notification of a region's alerts between the hub and the region.
//
// M1. The place that is relieved is told first that a move is made, so that it reads no further; only
//     then is it written since which alert the other one tells. Nobody tells an alert of the other.
// M2. Towards the hub, the hub's copy of the alerts must have caught up: what the region has told and
//     the hub does not know yet would be told again.
import {
  type Assignment,
  type NotifierPlace,
  UNASSIGNED,
  moved,
  parseAssignment,
} from "../../../contracts/messages/notification.ts";
import { NOTIFIERS_BUCKET, alertsStream, bucketStream } from "../../../contracts/names/subjects.ts";
import { Bucket } from "../../../platform/nats/client/bucket.ts";
import type { NatsConnection } from "../../../platform/nats/client/connection.ts";
import { textOf } from "../../../platform/nats/client/payload.ts";
import { regionsOf } from "../../../platform/nats/lanes/copies.ts";
import { type StreamState, Streams } from "../../../platform/nats/client/streams.ts";
import { HUB } from "../../../platform/nats/topology/topology.ts";
import { sleep } from "../../../platform/runtime/backoff.ts";
import { refused } from "../../../cloud/operations/refused.ts";

/** Time after which a notifier that lives has heard of a move, also beyond the WAN. */
const SETTLE_MS = 2_000;
/**
 * How long the hub's copy may take to catch up. It hears of its origin every few seconds, if only that
 * there is nothing new; a notifier waits for a move for 30 s.
 */
const CAUGHT_UP_WITHIN_MS = 10_000;

/** Moves the notification of a region's alerts. @returns what was done. @throws AppError `CONFIG_INVALID` if it cannot be done. */
export async function assign(
  hub: NatsConnection,
  { region, to, force }: { region: string; to: NotifierPlace; force: boolean },
): Promise<string> {
  const streams = new Streams(hub);
  const copy = await streams.find(alertsStream(region));
  if (region === HUB || !copy?.mirror)
    throw refused(`the hub has no copy of alerts of a region "${region}"`);
  const bucket = await bucketAt(hub);
  const { assignment, revision } = await assignmentOf(bucket, region);
  if (assignment.at === to && !assignment.moving) return `${region}: ${to}, as it was`;
  const { moving: _moving, ...settled } = assignment;
  if (assignment.at === to) {
    // Somebody's move to the other place was never finished.
    await put(bucket, region, settled, revision);
    return `${region}: ${to}, as it was`;
  }
  const revisionMoving = await put(bucket, region, { ...settled, moving: true }, revision); // M1
  try {
    await sleep(SETTLE_MS);
    const state = () => streams.state(alertsStream(region));
    if (to === "hub" && !force) await caughtUp(region, state); // M2
    const after = moved(settled, (await state()).lastSeq);
    await put(bucket, region, after, revisionMoving);
    return `${region}: ${to}, alerts after ${after.sinceSeq}`;
  } catch (error) {
    await put(bucket, region, settled, revisionMoving);
    throw error;
  }
}

async function caughtUp(region: string, state: () => Promise<StreamState>): Promise<void> {
  const startMs = performance.now();
  for (;;) {
    const { mirror } = await state();
    const elapsedMs = performance.now() - startMs;
    // News from before the move was announced say nothing about a region that is cut off since.
    if (mirror?.lag === 0 && mirror.heardMs < elapsedMs) return;
    if (elapsedMs > CAUGHT_UP_WITHIN_MS)
      throw refused(
        `nothing is heard of ${region}: what its notifier tells meanwhile would be told twice. ` +
          "Try again when it can be reached, or say --force",
      );
    await sleep(200);
  }
}

/** A line for each region that the hub has alerts of. */
export async function assignmentLines(hub: NatsConnection): Promise<string[]> {
  const bucket = await bucketAt(hub);
  const lines: string[] = [];
  const streams = new Streams(hub);
  for (const region of await regionsOf(streams)) {
    const copy = await streams.find(alertsStream(region));
    if (!copy) continue;
    const { assignment, revision } = await assignmentOf(bucket, region);
    const since = revision === 0 ? "never assigned" : `alerts after ${assignment.sinceSeq}`;
    const moving = assignment.moving ? ", a move is being made" : "";
    lines.push(`${region}: ${assignment.at}, ${since}, the newest is ${copy.lastSeq}${moving}`);
  }
  return lines.sort();
}

async function bucketAt(hub: NatsConnection): Promise<Bucket> {
  const stream = await new Streams(hub).find(bucketStream(NOTIFIERS_BUCKET));
  if (!stream) throw refused(`there is no bucket ${NOTIFIERS_BUCKET}: npx skerry topology apply`);
  if (stream.mirror) throw refused("notifiers are assigned at the hub only: say the hub's URL");
  return Bucket.open(hub, NOTIFIERS_BUCKET);
}

async function assignmentOf(
  bucket: Bucket,
  region: string,
): Promise<{ assignment: Assignment; revision: number }> {
  const record = await bucket.get(region);
  if (!record?.data) return { assignment: UNASSIGNED, revision: record?.revision ?? 0 };
  const text = textOf(record.data);
  const assignment = parseAssignment(text);
  if (!assignment)
    throw refused(`bucket ${NOTIFIERS_BUCKET}: "${text}" is no assignment that this program reads`);
  return { assignment, revision: record.revision };
}

/** @throws AppError `CONFIG_INVALID` if somebody else makes a move: two at a time are one too many. */
async function put(
  bucket: Bucket,
  region: string,
  assignment: Assignment,
  revision: number,
): Promise<number> {
  const written = await bucket.replace(region, JSON.stringify(assignment), revision);
  if (written === null) throw refused(`${region} is being moved by somebody else`);
  return written;
}
