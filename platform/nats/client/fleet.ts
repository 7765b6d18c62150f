// The installation's level of formats, as processes ask for it when they start.
//
// - A program that knows no such level does not start: it would meet what it cannot read.
// - Who cannot learn the level goes on: a region works without the hub, and by a server whose configuration is older.
// - Where records are verified, a level that nobody signed stops nobody.
import { FLEET_KEY, type FleetLevel } from "../../../contracts/messages/fleet.ts";
import { formatProblem } from "../../../contracts/messages/format.ts";
import { GENERATIONS_BUCKET, bucketStream } from "../../../contracts/names/subjects.ts";
import { AppError, messageOf } from "../../runtime/errors.ts";
import type { Logger } from "../../runtime/logger.ts";
import { FORMAT_LEVEL, FORMAT_LEVEL_UNSAID } from "../../runtime/format-level.ts";
import { VERSION } from "../../runtime/version.ts";
import { guardOf } from "../signed/record-guard.ts";
import { sealed } from "../signed/seal.ts";
import type { NatsConnection } from "./connection.ts";
import { jsonOf } from "./payload.ts";
import { publishExpecting, publisherOn } from "./publish.ts";
import { Streams } from "./streams.ts";

const STREAM = bucketStream(GENERATIONS_BUCKET);
const SUBJECT = `$KV.${GENERATIONS_BUCKET}.${FLEET_KEY}`;
const ANSWER_WITHIN_MS = 2_000;

/** The level as it was written last; null if it never was. */
export interface StoredFleetLevel {
  readonly seq: number;
  readonly fleet: FleetLevel;
}

/** @throws Error for what this program cannot read. */
export async function readFleetLevel(connection: NatsConnection): Promise<StoredFleetLevel | null> {
  const streams = new Streams(connection, { timeoutMs: ANSWER_WITHIN_MS });
  const entry = await streams.newestOrNone(STREAM, SUBJECT);
  if (!entry || entry.data.length === 0) return null;
  const unverified = guardOf(connection)?.verify(STREAM, entry) ?? null;
  if (unverified !== null) throw new Error(`it is not taken: ${unverified}`);
  return { seq: entry.seq, fleet: jsonOf<FleetLevel>(entry.data) };
}

/** Raises the level, unless somebody has written it since it was read. @throws AppError */
export async function writeFleetLevel(
  hub: NatsConnection,
  fleet: FleetLevel,
  before: StoredFleetLevel | null,
): Promise<boolean> {
  const message = { subject: SUBJECT, data: Buffer.from(JSON.stringify(fleet)) };
  const headers = await sealed(hub, { ...message, stream: STREAM }, true);
  const sent = { ...message, ...(headers && { headers }) };
  return (await publishExpecting(publisherOn(hub), sent, { ofSubject: before?.seq ?? 0 })) !== null;
}

/** The reason for which a program of a level does not start, in a sentence; null if it may (pure). */
export function fleetProblem(fleet: FleetLevel, level = FORMAT_LEVEL): string | null {
  const newer = formatProblem("fleet level", fleet);
  if (newer !== null) return newer;
  if (!(fleet.level > level)) return null;
  const when = new Date(fleet.atMs).toISOString();
  return (
    `this is version ${VERSION}, which reads formats up to level ${level}, and the installation writes level ${fleet.level} since ` +
    `${fleet.by} finished the upgrade to ${fleet.version} at ${when}: start ${fleet.version} or newer`
  );
}

/**
 * To be asked before anything else is read.
 * @returns the level that may be written.
 * @throws AppError `FORMAT_NEWER` (fatal) with the sentence.
 */
export async function joinFleet(connection: NatsConnection, logger: Logger): Promise<number> {
  const stored = await readFleetLevel(connection).catch((error: unknown) => {
    logger.warn(`the installation's level of formats is not known: ${messageOf(error)}`);
    return null;
  });
  if (!stored) return FORMAT_LEVEL_UNSAID;
  const problem = fleetProblem(stored.fleet);
  if (problem !== null) throw new AppError("FORMAT_NEWER", "fatal", problem);
  return stored.fleet.level;
}
