// Rules over recorded data: what they would raise, and what that changes.
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import type { NatsConnection } from "nats";
import type { Alert } from "../../contracts/alert.ts";
import type { Catalog } from "../../contracts/catalog.ts";
import { type FrameReading, decodeFrame } from "../../contracts/frame.ts";
import type { Rule } from "../../contracts/rule.ts";
import { telemetryStream } from "../../contracts/subjects.ts";
import { LaneRules } from "../../gateway/alerting/evaluate.ts";
import { readLane } from "../nats/lane-source.ts";
import { streamConfig } from "../nats/topology.ts";
import { firstSeqSince } from "../nats/trim.ts";
import { AppError, messageOf } from "../runtime/errors.ts";
import { makeLogger } from "../runtime/logger.ts";

/** Readings of one lane, in its order. */
export interface Recording {
  readonly region: string;
  readonly partition: number;
  readonly readings: readonly FrameReading[];
}

/** Every alert that the rules raise or resolve over the recordings, as an engine would. */
export function alertsOver(
  recordings: readonly Recording[],
  rules: readonly Rule[],
  catalog: Catalog,
): Alert[] {
  return recordings.flatMap(({ region, partition, readings }) => {
    const lane = new LaneRules({ region, partition }, catalog, new Map(), new Map());
    lane.update(rules, { seq: 0, index: 0 }, 0);
    return readings.flatMap((reading, at) => lane.evaluate(reading, { seq: at + 1, index: 0 }));
  });
}

/** Alerts raised under one set of rules and not under the other, by rule, key and beginning. */
export function compareAlerts(
  before: readonly Alert[],
  after: readonly Alert[],
): { gained: Alert[]; lost: Alert[] } {
  const raised = (alerts: readonly Alert[]) => alerts.filter(({ state }) => state === "firing");
  const nameOf = ({ region, rule, key, sinceMs }: Alert): string =>
    JSON.stringify([region, rule, key, sinceMs]);
  const names = (alerts: readonly Alert[]) => new Set(raised(alerts).map(nameOf));
  const [old, now] = [names(before), names(after)];
  return {
    gained: raised(after).filter((alert) => !old.has(nameOf(alert))),
    lost: raised(before).filter((alert) => !now.has(nameOf(alert))),
  };
}

/**
 * Readings of a file: one JSON object a line with `device`, `contract`, `payload`, and, if they are to
 * be told, `version` (else the newest) and `receivedAtMs` (else 0, for payloads with a time of their own).
 * @throws AppError `CONFIG_INVALID` naming the line.
 */
export async function readRecording(path: string, catalog: Catalog): Promise<Recording[]> {
  const readings: FrameReading[] = [];
  let line = 0;
  for await (const text of createInterface({ input: createReadStream(path) })) {
    line += 1;
    if (text.trim() === "") continue;
    try {
      readings.push(toReading(JSON.parse(text), catalog));
    } catch (error) {
      throw new AppError("CONFIG_INVALID", "fatal", `${path}:${line}: ${messageOf(error)}`);
    }
  }
  return [{ region: "recorded", partition: 0, readings }];
}

function toReading(value: unknown, catalog: Catalog): FrameReading {
  const of = value as Partial<FrameReading> | null;
  if (typeof of?.device !== "string") throw new Error("device is missing");
  if (typeof of.contract !== "string") throw new Error("contract is missing");
  if (typeof of.payload !== "object" || of.payload === null) throw new Error("payload is missing");
  const [newest] = catalog.versions(of.contract);
  if (!newest) throw new Error(`contract "${of.contract}" is unknown`);
  const { device, contract, payload } = of;
  const { version = newest.version, receivedAtMs = 0 } = of;
  return { device, contract, version, receivedAtMs, traceparent: null, payload };
}

/** The last hours of a region's log, lane by lane. */
export async function readRegion(
  connection: NatsConnection,
  region: string,
  sinceMs: number,
): Promise<Recording[]> {
  const manager = await connection.jetstreamManager();
  const stream = telemetryStream(region);
  const config = await streamConfig(manager, stream);
  if (!config)
    throw new AppError("CONFIG_INVALID", "fatal", `there is no log of region ${region} there`);
  const { first_seq: firstSeq, last_seq: lastSeq } = (await manager.streams.info(stream)).state;
  const from = await firstSeqSince(manager, stream, { firstSeq, lastSeq }, sinceMs);
  const { subjects } = await manager.streams
    .info(stream, { subjects_filter: ">" })
    .then(({ state }) => ({ subjects: Object.keys(state.subjects ?? {}) }));
  const recordings: Recording[] = [];
  for (const subject of subjects.sort()) {
    const partition = Number(subject.split(".").at(-1));
    const last = await manager.streams.getMessage(stream, { last_by_subj: subject });
    const readings: FrameReading[] = [];
    const enough = new AbortController();
    const lane = { region, partition };
    const silent = makeLogger({}, "silent");
    if (last.seq >= from)
      for await (const entry of readLane(connection, lane, from, silent, enough.signal)) {
        readings.push(...decodeFrame(entry.data).readings);
        if (entry.seq >= last.seq) break;
      }
    enough.abort();
    recordings.push({ region, partition, readings });
  }
  return recordings;
}
