// The hub's copy of one region's log: trimmed when read, told to the region, made again when the region
// lost what the copy has.
//
// H1. That a copy is to be made again is written before it is deleted: one that is gone although it was to
//     be made again is made by the next round, whatever ended this one.
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import type { HubCopy, Rollback } from "../../contracts/messages/copy.ts";
import { telemetryStream } from "../../contracts/names/subjects.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { readCopy, writeCopy } from "../../platform/nats/lanes/copies.ts";
import { isRolledBack } from "../../platform/nats/lanes/lane-origin.ts";
import { stagesIn } from "../../platform/nats/lanes/log-lanes.ts";
import { neededFrom } from "../../platform/nats/lanes/positions.ts";
import { suspectedSeq } from "../../platform/nats/lanes/suspected-copies.ts";
import { rebuildCopy } from "../../platform/nats/topology/apply-topology.ts";
import { HUB } from "../../platform/nats/topology/topology.ts";
import { trim } from "../../platform/nats/lanes/trim.ts";
import { messageOf } from "../../platform/runtime/errors.ts";
import type { Logger } from "../../platform/runtime/logger.ts";

/** Operators that read the copies at the hub. */
const OPERATORS = ["aggregator"];

export interface CopyParts {
  readonly connection: NatsConnection;
  readonly partitions: number;
  /** Frames younger than this stay whoever has read them, ms. */
  readonly keepMs: number;
  readonly logger: Logger;
}

/** One round of care; what fails is tried again in the next one. */
export async function careForCopy(region: string, parts: CopyParts): Promise<HubCopy> {
  const { connection, partitions, keepMs, logger } = parts;
  const streams = new Streams(connection);
  const stream = telemetryStream(region);
  const before = await readCopy(streams, region);
  const isUnfinished = before?.rollback?.rebuiltAtMs === null;
  if (isUnfinished && (await streams.find(stream)) === null) {
    const rollback = await madeAgain(region, before.rollback, parts); // H1
    const copy = { seq: 0, seenAtMs: Date.now(), rollback };
    await writeCopy(connection, region, copy);
    return copy;
  }
  const state = await streams.state(stream);
  const { lastSeq: last } = state;
  const stages = stagesIn(state, partitions);
  const needed: (number | null)[] = [];
  for (const operator of OPERATORS)
    needed.push(...(await neededFrom(connection, operator, region, stages)));
  const rollback = await afterRollback(region, { ...parts, before, needed, last });
  const { lastSeq: seq } = await streams.state(stream);
  const copy = { seq, seenAtMs: Date.now(), ...(rollback ? { rollback } : {}) };
  await writeCopy(connection, region, copy);
  const { purged, heldBy } = await trim(streams, { stream, keepMs, needed }, Date.now());
  if (purged > 0 || heldBy !== null) logger.info({ stream, purged, heldBy }, "copy trimmed");
  return copy;
}

/** Notices a rollback; once every reader is past what is not so any more, makes the copy again. */
async function afterRollback(
  region: string,
  of: CopyParts & { before: HubCopy | null; needed: readonly (number | null)[]; last: number },
): Promise<Rollback | undefined> {
  const { connection, logger, before } = of;
  let rollback = before?.rollback;
  if (!rollback || rollback.rebuiltAtMs !== null) {
    const copySeq = await divergingSeq(region, of);
    if (copySeq === null) return rollback;
    logger.error({ region, copySeq }, "the region's log was rolled back: copies differ from it");
    rollback = { foundAtMs: Date.now(), copySeq, rebuiltAtMs: null };
  }
  const { copySeq } = rollback;
  const passed = of.needed.every((seq) => seq !== null && seq > copySeq);
  if (!passed) return rollback;
  const pending = { seq: before?.seq ?? 0, seenAtMs: Date.now(), rollback };
  await writeCopy(connection, region, pending); // H1
  return madeAgain(region, rollback, of);
}

async function madeAgain(
  region: string,
  rollback: Rollback,
  { connection, partitions, logger }: CopyParts,
): Promise<Rollback> {
  await rebuildCopy(connection, region, HUB, partitions);
  const { copySeq } = rollback;
  logger.warn({ region, copySeq }, "the copy of the region's log is made again");
  return { ...rollback, rebuiltAtMs: Date.now() };
}

/** The last sequence at which the copy is known to hold something else than the region; or null. */
async function divergingSeq(
  region: string,
  { connection, before, last, logger }: CopyParts & { before: HubCopy | null; last: number },
): Promise<number | null> {
  const rebuiltAtMs = before?.rollback?.rebuiltAtMs ?? null;
  // While a copy is being made again its end says nothing.
  if (last === 0) return null;
  const suspected = await suspectedSeq(connection, region);
  const candidates = [last, before?.seq ?? 0, suspected ?? 0].filter(
    (seq) => seq > 0 && seq <= last,
  );
  try {
    for (const seq of [...new Set(candidates)].sort((a, b) => b - a))
      if (await isRolledBack(connection, region, seq)) return seq;
  } catch (error) {
    // With the WAN down nothing can be compared, and nothing new is read either.
    logger.info({ region, rebuiltAtMs }, `copy not compared: ${messageOf(error)}`);
  }
  return null;
}
