// The region's trimmer: its own log, and its copies of other regions' logs, by what is still needed.
import cron from "node-cron";
import { type HubCopy, openRollbacks } from "../../contracts/messages/copy.ts";
import { telemetryStream } from "../../contracts/names/subjects.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { readCopy } from "../../platform/nats/lanes/copies.ts";
import { stagesIn } from "../../platform/nats/lanes/log-lanes.ts";
import { neededFrom } from "../../platform/nats/lanes/positions.ts";
import { rebuildCopy } from "../../platform/nats/topology/apply-topology.ts";
import { trim } from "../../platform/nats/lanes/trim.ts";
import { messageOf } from "../../platform/runtime/errors.ts";
import type { Logger } from "../../platform/runtime/logger.ts";
import type { TrimmerOptions } from "./options.ts";

/** Operators that read the region's own log in the region. */
const OPERATORS = ["alerting"];

export interface TrimmerParts extends TrimmerOptions {
  readonly connection: NatsConnection;
  readonly region: string;
  readonly partitions: number;
  readonly logger: Logger;
}

/** Trims on its schedule until `signal` aborts. Several gateways may do so: it is idempotent. */
export async function runTrimmer(parts: TrimmerParts, signal: AbortSignal): Promise<void> {
  const run = (): Promise<void> =>
    trimRegion(parts).catch((error: unknown) => {
      parts.logger.warn(`not trimmed, will retry: ${messageOf(error)}`);
    });
  const task = cron.schedule(parts.trimSchedule, run, { noOverlap: true, logger: parts.logger });
  if (!signal.aborted)
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  await task.destroy();
}

/** Trouble with a copy is none of the region's own log, nor of other copies. */
async function trimRegion(parts: TrimmerParts): Promise<void> {
  const streams = new Streams(parts.connection);
  for (const of of await regionsHere(streams, parts.region))
    await trimLog(of, streams, parts).catch((error: unknown) => {
      const stream = telemetryStream(of);
      parts.logger.warn({ stream }, `not trimmed, will retry: ${messageOf(error)}`);
    });
}

/**
 * The region's log is needed by its engine and, until the hub has it, by the hub's mirror; a copy of
 * another region's log by the hub alone, should that region be lost.
 */
async function trimLog(of: string, streams: Streams, parts: TrimmerParts): Promise<void> {
  const { connection, region, logKeep: keepMs, logger } = parts;
  const stream = telemetryStream(of);
  const copy = await readCopy(streams, of);
  const state = await streams.state(stream);
  const needed = [copy === null ? null : hubNeedsFrom(of, copy, state)];
  const stages = stagesIn(state, parts.partitions);
  if (of === region)
    for (const operator of OPERATORS)
      needed.push(...(await neededFrom(connection, operator, of, stages)));
  if (of !== region && (await isOutdated(streams, stream, copy))) {
    logger.warn({ stream }, "that region's log was rolled back: its copy is made again");
    return rebuildCopy(connection, of, region, parts.partitions);
  }
  const { purged, heldBy } = await trim(streams, { stream, keepMs, needed }, Date.now());
  if (purged > 0 || heldBy !== null) logger.info({ stream, purged, heldBy }, "log trimmed");
}

/** The first number that the hub lacks; null while the log ends before its copy: it went back, and nobody has told how far. */
function hubNeedsFrom(of: string, copy: HubCopy, { lastSeq }: { lastSeq: number }): number | null {
  if (copy.seq > lastSeq) return null;
  const open = openRollbacks(copy, of).find(({ stream }) => stream === telemetryStream(of));
  return Math.min(copy.seq + 1, open?.fromSeq ?? Infinity);
}

/**
 * A copy that was begun before its origin was rolled back holds what that does not, as a steward before 0103 found it. What is found since
 * needs no other copy: the log goes on behind the hub's, and this one keeps what it has.
 */
async function isOutdated(
  streams: Streams,
  stream: string,
  copy: HubCopy | null,
): Promise<boolean> {
  if (!copy?.rollback || copy.rollback.fromSeq !== undefined) return false;
  return (await streams.state(stream)).createdMs < copy.rollback.foundAtMs;
}

async function regionsHere(streams: Streams, region: string): Promise<string[]> {
  const prefix = telemetryStream("");
  const found: string[] = [];
  for (const { name } of await streams.list())
    if (name.startsWith(prefix)) found.push(name.slice(prefix.length));
  return found.includes(region) ? found : [region, ...found];
}
