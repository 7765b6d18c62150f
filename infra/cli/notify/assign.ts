// Moving the notification of a region's alerts between the hub and the region.
//
// M1. The place that is relieved is told first that a move is made, so that it reads no further; only
//     then is it written since which alert the other one tells. Nobody tells an alert of the other.
// M2. Towards the hub, the hub's copy of the alerts must have caught up: what the region has told and
//     the hub does not know yet would be told again.
import type { KV, NatsConnection, StreamInfo } from "nats";
import {
  type Assignment,
  type NotifierPlace,
  UNASSIGNED,
  moved,
  parseAssignment,
} from "../../../contracts/messages/notification.ts";
import { NOTIFIERS_BUCKET, alertsStream, bucketStream } from "../../../contracts/names/subjects.ts";
import { HUB, streamConfig } from "../../../platform/nats/topology/topology.ts";
import { sleep } from "../../../platform/runtime/backoff.ts";
import { refused } from "../kit/refused.ts";

/** Until a notifier that lives has heard of a move, also beyond the WAN. */
const SETTLE_MS = 2_000;
/**
 * How long the hub's copy may take to catch up. It hears of its origin every few seconds, if only that
 * there is nothing new; a notifier waits for a move for 30 s.
 */
const CAUGHT_UP_WITHIN_MS = 10_000;

/** @returns what was done. @throws AppError `CONFIG_INVALID` if it cannot be done. */
export async function assign(
  hub: NatsConnection,
  { region, to, force }: { region: string; to: NotifierPlace; force: boolean },
): Promise<string> {
  const manager = await hub.jetstreamManager();
  const config = await streamConfig(manager, alertsStream(region));
  if (region === HUB || !config?.mirror)
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
    const info = () => manager.streams.info(alertsStream(region));
    if (to === "hub" && !force) await caughtUp(region, info); // M2
    const after = moved(settled, (await info()).state.last_seq);
    await put(bucket, region, after, revisionMoving);
    return `${region}: ${to}, alerts after ${after.sinceSeq}`;
  } catch (error) {
    await put(bucket, region, settled, revisionMoving);
    throw error;
  }
}

async function caughtUp(region: string, info: () => Promise<StreamInfo>): Promise<void> {
  const startMs = performance.now();
  for (;;) {
    const { mirror } = await info();
    const heardMs = mirror && mirror.active >= 0 ? mirror.active / 1e6 : Infinity;
    const elapsedMs = performance.now() - startMs;
    // What was heard before the move was announced says nothing about a region that is cut off since.
    if (mirror?.lag === 0 && heardMs < elapsedMs) return;
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
  const manager = await hub.jetstreamManager();
  const bucket = await bucketAt(hub);
  const lines: string[] = [];
  for await (const { config, state } of manager.streams.list()) {
    const region = /^ALERTS_(.+)$/.exec(config.name)?.[1];
    if (region === undefined || region === HUB) continue;
    const { assignment, revision } = await assignmentOf(bucket, region);
    const since = revision === 0 ? "never assigned" : `alerts after ${assignment.sinceSeq}`;
    const moving = assignment.moving ? ", a move is being made" : "";
    lines.push(`${region}: ${assignment.at}, ${since}, the newest is ${state.last_seq}${moving}`);
  }
  return lines.sort();
}

async function bucketAt(hub: NatsConnection): Promise<KV> {
  const config = await streamConfig(await hub.jetstreamManager(), bucketStream(NOTIFIERS_BUCKET));
  if (!config) throw refused(`there is no bucket ${NOTIFIERS_BUCKET}: npx skerry topology apply`);
  if (config.mirror) throw refused("notifiers are assigned at the hub only: say the hub's URL");
  return hub.jetstream().views.kv(NOTIFIERS_BUCKET, { bindOnly: true });
}

async function assignmentOf(
  bucket: KV,
  region: string,
): Promise<{ assignment: Assignment; revision: number }> {
  const entry = await bucket.get(region);
  if (entry?.operation !== "PUT") return { assignment: UNASSIGNED, revision: entry?.revision ?? 0 };
  const assignment = parseAssignment(entry.string());
  if (!assignment)
    throw refused(`bucket ${NOTIFIERS_BUCKET}: "${entry.string()}" is no assignment`);
  return { assignment, revision: entry.revision };
}

/** Two moves at a time are one too many. */
const put = (
  bucket: KV,
  region: string,
  assignment: Assignment,
  previousSeq: number,
): Promise<number> => bucket.put(region, JSON.stringify(assignment), { previousSeq });
