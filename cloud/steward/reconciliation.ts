// Every hour: readings in the log against readings in the sink, by region and contract.
//
// N1. An hour is compared once every lane of the region is through with it, up to the frames whose
//     effects are durable by the aggregators' positions.
// N2. A difference is looked at again before it counts: late readings may have come in between.
// N3. An hour whose frames are trimmed in part cannot be compared, and is passed over: what is counted of it
//     would look like a surplus in the sink.
// N4. The result is written to the sink, and a difference raises an alert at the hub, which is
//     resolved by an hour without one.
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import type { Catalog } from "../../contracts/schema/catalog.ts";
import { frameOrNull } from "../../contracts/messages/frame.ts";
import { lanesOf } from "../../contracts/names/lane-stages.ts";
import { telemetryStream, telemetrySubject } from "../../contracts/names/subjects.ts";
import { readStored } from "../../platform/nats/client/stream-reader.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { stagesIn } from "../../platform/nats/lanes/log-lanes.ts";
import { loadPositions } from "../../platform/nats/lanes/positions.ts";
import { firstSeqSince } from "../../platform/nats/lanes/trim.ts";
import { sleep } from "../../platform/runtime/backoff.ts";
import type { Logger } from "../../platform/runtime/logger.ts";
import type { HubAlerts } from "../hub-alerts.ts";
import type { Difference, ReconciliationSource } from "../sinks/sink.ts";
import { LogCount, type PointCount } from "./log-count.ts";

export const HOUR_MS = 3_600_000;
/** A device's clock may be this far ahead of the gateway's. */
const AHEAD_MS = 6 * 60_000;
const ATTEMPTS = 3;
const AGAIN_MS = 2_000;
const RULE = "reconciliation";

export interface ReconciliationParts {
  readonly connection: NatsConnection;
  readonly source: ReconciliationSource;
  readonly catalog: Catalog;
  readonly alerts: HubAlerts;
  readonly partitions: number;
  readonly logger: Logger;
}

interface LanePosition {
  readonly doneSeq: number;
  /** There once its lane has ended, and those that have its keys go on. */
  readonly ended?: unknown;
  readonly finalThroughMs: number;
}

/**
 * Compares an hour of a region; null if some lane is not through with it yet (N1).
 * @returns no difference at all of an hour that the log no longer holds (N3).
 */
export async function reconcileHour(
  region: string,
  hourMs: number,
  parts: ReconciliationParts,
): Promise<Difference[] | null> {
  let differences: Difference[] = [];
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (attempt > 0) await sleep(AGAIN_MS); // N2
    const { connection, partitions } = parts;
    const copy = await new Streams(connection).state(telemetryStream(region));
    const lanes = lanesOf(stagesIn(copy, partitions));
    const positions = await loadPositions<LanePosition>(connection, "aggregator", region, lanes);
    const done = positions.map((position) =>
      position && (position.ended || position.finalThroughMs >= hourMs + HOUR_MS)
        ? position.doneSeq
        : null,
    );
    if (done.includes(null)) return null;
    const counts = await countLog(region, hourMs, done as number[], parts);
    if (counts === null) {
      const hour = hourText(hourMs);
      parts.logger.warn({ region, hour }, "hour not compared: the log holds it no longer"); // N3
      return [];
    }
    differences = [];
    for (const [contract, count] of counts)
      differences.push(await compare(region, hourMs, contract, count, parts.source));
    if (differences.every(({ missing, surplus }) => missing + surplus === 0)) break;
  }
  await report(region, hourMs, differences, parts);
  return differences;
}

/** Null if the log begins after the hour did, or may have (N3). */
async function countLog(
  region: string,
  hourMs: number,
  done: readonly number[],
  { connection, catalog }: ReconciliationParts,
): Promise<ReadonlyMap<string, PointCount> | null> {
  const streams = new Streams(connection);
  const stream = telemetryStream(region);
  const since = hourMs - AHEAD_MS;
  const range = await streams.state(stream);
  const from = await firstSeqSince(streams, stream, range, since);
  if (range.firstSeq > 1 && from <= range.firstSeq) return null;
  const count = new LogCount(hourMs, hourMs + HOUR_MS);
  for (const [partition, doneSeq] of done.entries()) {
    if (doneSeq < from) continue;
    const slice = { stream, subject: telemetrySubject(region, partition), from };
    for await (const { data } of readStored(connection, slice, doneSeq))
      for (const reading of frameOrNull(data)?.readings ?? []) {
        const contract = catalog.get(reading.contract, reading.version);
        if (contract) count.add(contract, reading);
      }
  }
  return count.counts;
}

/** Compares what the log holds of a contract in an hour with what the sink holds. */
export async function compare(
  region: string,
  hourMs: number,
  contract: string,
  { readings, fields }: PointCount,
  source: ReconciliationSource,
): Promise<Difference> {
  const range = { fromMs: hourMs, toMs: hourMs + HOUR_MS };
  const counts = await source.countFields({ region, contract, ...range });
  let [missing, surplus] = [0, 0];
  for (const [field, expected] of fields) {
    const difference = expected - (counts.get(field) ?? 0);
    missing = Math.max(missing, difference);
    surplus = Math.max(surplus, -difference);
  }
  return { contract, readings, missing, surplus };
}

const hourText = (hourMs: number): string => new Date(hourMs).toISOString().slice(0, 13);

async function report(
  region: string,
  hourMs: number,
  differences: readonly Difference[],
  { source, alerts, logger }: ReconciliationParts,
): Promise<void> {
  await source.record(region, hourMs, differences);
  for (const { contract, missing, surplus } of differences) {
    const hour = hourText(hourMs);
    const message =
      `region ${region}, contract ${contract}, hour ${hour}: ${missing} in the log and not in ` +
      `${source.name}, ${surplus} in ${source.name} and not in the log`;
    const differs = missing + surplus > 0;
    if (differs) logger.error({ region, contract, hour, missing, surplus }, message);
    const value = missing + surplus;
    await alerts.set({
      rule: RULE,
      key: `${region}/${contract}`,
      holds: differs,
      atMs: hourMs,
      value,
      message,
    });
  }
}
