// The hub's copy of one region's log: trimmed when read, told to the region, and held against the region's own, as those of its
// alerts, rejects and replies are. A stream of the region that went back is told to the region, which moves it on behind
// the copy (docs/decisions/0103); the copy keeps what the region lost.
//
// H1. Stewards before made such a copy again, and wrote that before they deleted it: one that is gone although it was
//     to be made again is made by the next round.
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { type HubCopy, type Rollback, rollbacksIn } from "../../contracts/messages/copy.ts";
import { telemetryStream } from "../../contracts/names/subjects.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { differingRange } from "../../platform/nats/history/went-back.ts";
import { readCopy, writeCopy } from "../../platform/nats/lanes/copies.ts";
import { stagesIn } from "../../platform/nats/lanes/log-lanes.ts";
import { neededFrom } from "../../platform/nats/lanes/positions.ts";
import { suspectedSeq } from "../../platform/nats/lanes/suspected-copies.ts";
import { rebuildCopy } from "../../platform/nats/topology/apply-topology.ts";
import { mirroredStreams } from "../../platform/nats/topology/crossings.ts";
import { HUB } from "../../platform/nats/topology/topology.ts";
import type { WentOn } from "./rollback-watch.ts";
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
  readonly wentOn: WentOn;
  /** A number at which the copy of the log stood once; null without one. */
  readonly suspect?: number | null;
  readonly logger: Logger;
}

/** One round of care; what fails is tried again in the next one. */
export async function careForCopy(region: string, parts: CopyParts): Promise<HubCopy> {
  const { connection, partitions, keepMs, logger } = parts;
  const streams = new Streams(connection);
  const stream = telemetryStream(region);
  const before = await readCopy(streams, region);
  if (before?.rollback?.rebuiltAtMs === null && (await streams.find(stream)) === null) {
    await rebuildCopy(connection, region, HUB, partitions); // H1
    logger.warn({ region }, "the copy of the region's log is made again");
    const rollback = { ...before.rollback, rebuiltAtMs: Date.now() };
    const copy = { ...before, seq: 0, seenAtMs: Date.now(), rollback };
    await writeCopy(connection, region, copy);
    return copy;
  }
  const state = await streams.state(stream);
  const stages = stagesIn(state, partitions);
  const needed: (number | null)[] = [];
  for (const operator of OPERATORS)
    needed.push(...(await neededFrom(connection, operator, region, stages)));
  const { [stream]: rollback, ...others } = await rollbacksOf(region, { ...parts, before });
  const copy = {
    ...{ seq: state.lastSeq, seenAtMs: Date.now() },
    ...(rollback && { rollback }),
    ...(Object.keys(others).length > 0 && { others }),
  };
  await writeCopy(connection, region, copy);
  const { purged, heldBy } = await trim(streams, { stream, keepMs, needed }, Date.now());
  if (purged > 0 || heldBy !== null) logger.info({ stream, purged, heldBy }, "copy trimmed");
  return copy;
}

/** The region's streams that went back, with what was found now; those that have gone on are over. */
async function rollbacksOf(
  region: string,
  { connection, before, wentOn, suspect, logger }: CopyParts & { readonly before: HubCopy | null },
): Promise<Readonly<Record<string, Rollback>>> {
  const found: Record<string, Rollback> = { ...(before ? rollbacksIn(before, region) : {}) };
  const log = telemetryStream(region);
  const suspects = [before?.seq, await suspectedSeq(connection, region), suspect].map(
    (seq) => seq ?? 0,
  );
  for (const stream of mirroredStreams(region)) {
    const known = found[stream] ?? null;
    try {
      const isOpen = known !== null && known.rebuiltAtMs === null;
      // What a steward before had found says no beginning.
      const isSaid = isOpen && known.fromSeq !== undefined;
      if (isSaid && wentOn(region, stream) === known.foundAtMs) {
        logger.warn({ region, stream }, "the region's stream goes on behind the hub's copy");
        found[stream] = { ...known, rebuiltAtMs: Date.now() };
        continue;
      }
      const own = stream === log ? suspects : [];
      const range = await differingRange(
        connection,
        { region, stream },
        isOpen ? { known: null, suspects: [...own, known.copySeq] } : { known, suspects: own },
      );
      if (!range && isOpen && !isSaid) found[stream] = { ...known, rebuiltAtMs: Date.now() };
      if (!range || (isSaid && range.fromSeq >= known.fromSeq && range.untilSeq <= known.copySeq))
        continue;
      logger.error({ region, stream, ...range }, "the region's stream went back: copies differ");
      const { fromSeq, untilSeq: copySeq } = range;
      found[stream] = { foundAtMs: Date.now(), fromSeq, copySeq, rebuiltAtMs: null };
    } catch (error) {
      // With the WAN down nothing can be compared, and nothing new is read either.
      logger.info({ region, stream }, `copy not compared: ${messageOf(error)}`);
    }
  }
  return found;
}
