// Rules over recorded data: what they would raise, and what that changes.
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import type { NatsConnection } from "nats";
import type { Alert } from "../../contracts/messages/alert.ts";
import type { Catalog } from "../../contracts/schema/catalog.ts";
import { compileRule } from "../../contracts/rules/compile-rule.ts";
import { type Frame, type FrameReading, decodeFrame } from "../../contracts/messages/frame.ts";
import { eventTimeMs } from "../../contracts/messages/reading.ts";
import type { Rule } from "../../contracts/rules/rule.ts";
import { telemetryStream } from "../../contracts/names/subjects.ts";
import { LaneRules } from "../../gateway/alerting/lane/lane-rules.ts";
import {
  EMPTY_LANE,
  type LaneState,
  judgeFrame,
  jumpOver,
} from "../../platform/nats/lanes/lane.ts";
import { readLane } from "../../platform/nats/lanes/lane-source.ts";
import { streamConfig } from "../../platform/nats/topology/topology.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { firstSeqSince } from "../../platform/nats/lanes/trim.ts";
import { AppError, messageOf } from "../../platform/runtime/errors.ts";
import { makeLogger } from "../../platform/runtime/logger.ts";

export interface RecordedFrame extends Frame {
  readonly seq: number;
  readonly storeMs: number;
}

/** Frames of one lane, in its order. */
export interface Recording {
  readonly region: string;
  readonly partition: number;
  readonly frames: readonly RecordedFrame[];
}

export interface Outcome {
  readonly alerts: Alert[];
  /** Readings that came too late to be evaluated. */
  readonly late: number;
}

/** Every alert that the rules raise or resolve over the recordings, as an engine would. */
export function alertsOver(
  recordings: readonly Recording[],
  rules: readonly Rule[],
  catalog: Catalog,
): Outcome {
  const compiled = rules.map((rule) => compileRule(rule, catalog));
  const alerts: Alert[] = [];
  let late = 0;
  for (const { region, partition, frames } of recordings) {
    const lane = new LaneRules({ region, partition }, catalog, () => performance.now());
    lane.update(compiled, 0);
    let state = EMPTY_LANE;
    for (const frame of frames) {
      const after = stateAfter(state, frame);
      if (!after) continue;
      alerts.push(...lane.applyFrame(frame, frame.seq, after));
      state = after;
    }
    late += lane.counters.late;
  }
  return { alerts, late };
}

/** Null for a frame that was there already; a recording may begin anywhere and have holes. */
function stateAfter(state: LaneState, { header, storeMs }: RecordedFrame): LaneState | null {
  const verdict = judgeFrame(state, header, storeMs, true);
  if (verdict.kind === "repeated") return null;
  if (verdict.kind === "new") return verdict.state;
  const over = judgeFrame(jumpOver(state, verdict.hole), header, storeMs, true);
  return over.kind === "new" ? over.state : null;
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
 * be told, `version` (else the newest) and `receivedAtMs` (else their own time). They are taken in the
 * order in which they were received.
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
  readings.sort((a, b) => a.receivedAtMs - b.receivedAtMs);
  const frames = readings.map((reading, at): RecordedFrame => {
    const n = at + 1;
    const { receivedAtMs: clock } = reading;
    const header = { v: 1, gateway: "recorded", epoch: "1", n, count: 1, total: n, clock };
    return { seq: n, storeMs: clock, header, readings: [reading] };
  });
  return [{ region: "recorded", partition: 0, frames }];
}

function toReading(value: unknown, catalog: Catalog): FrameReading {
  const of = value as Partial<FrameReading> | null;
  if (typeof of?.device !== "string") throw new Error("device is missing");
  if (typeof of.contract !== "string") throw new Error("contract is missing");
  if (typeof of.payload !== "object" || of.payload === null) throw new Error("payload is missing");
  const [newest] = catalog.versions(of.contract);
  if (!newest) throw new Error(`contract "${of.contract}" is unknown`);
  const { device, contract, payload } = of;
  const { version = newest.version } = of;
  const receivedAtMs = of.receivedAtMs ?? eventTimeMs(newest, payload, Number.NaN);
  if (!Number.isFinite(receivedAtMs)) throw new Error("it has no time: say receivedAtMs");
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
  const from = await firstSeqSince(new Streams(connection), stream, { firstSeq, lastSeq }, sinceMs);
  const { subjects } = await manager.streams
    .info(stream, { subjects_filter: ">" })
    .then(({ state }) => ({ subjects: Object.keys(state.subjects ?? {}) }));
  const recordings: Recording[] = [];
  for (const subject of subjects.sort()) {
    const partition = Number(subject.split(".").at(-1));
    const last = await manager.streams.getMessage(stream, { last_by_subj: subject });
    const frames: RecordedFrame[] = [];
    const enough = new AbortController();
    const lane = { region, partition };
    const silent = makeLogger({}, "silent");
    if (last.seq >= from)
      for await (const entry of readLane(connection, lane, from, silent, enough.signal)) {
        frames.push({ seq: entry.seq, storeMs: entry.storeMs, ...decodeFrame(entry.data) });
        if (entry.seq >= last.seq) break;
      }
    enough.abort();
    recordings.push({ region, partition, frames });
  }
  return recordings;
}
