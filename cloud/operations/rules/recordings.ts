// Rules over recorded data: what they would raise, and what that changes.
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import type { Alert } from "../../../contracts/messages/alert.ts";
import type { Catalog } from "../../../contracts/schema/catalog.ts";
import { compileRule } from "../../../contracts/rules/compile-rule.ts";
import { type FrameReading, frameOrNull } from "../../../contracts/messages/frame.ts";
import { eventTimeMs } from "../../../contracts/messages/reading.ts";
import type { Rule } from "../../../contracts/rules/rule.ts";
import { telemetryFilter, telemetryStream } from "../../../contracts/names/subjects.ts";
import { LaneRules } from "../../../gateway/alerting/lane/lane-rules.ts";
import type { NatsConnection } from "../../../platform/nats/client/connection.ts";
import { readStored } from "../../../platform/nats/client/stream-reader.ts";
import { Streams } from "../../../platform/nats/client/streams.ts";
import {
  EMPTY_LANE,
  type LaneState,
  judgeFrame,
  jumpOver,
} from "../../../platform/nats/lanes/lane.ts";
import { firstSeqSince } from "../../../platform/nats/lanes/trim.ts";
import { messageOf } from "../../../platform/runtime/errors.ts";
import { threadStopwatch } from "../../../platform/runtime/stopwatch.ts";
import { refused } from "../refused.ts";
import { type RecordedFrame, longestWaitMs, withHeartbeats } from "./heartbeats.ts";

/** A reading of a contract, or of a version of it, that is not known. */
export class UnknownContract extends Error {
  override readonly name = "UnknownContract";
}

/** Frames of one lane, in its order. */
export interface Recording {
  readonly region: string;
  readonly partition: number;
  /** False if they are only readings, and time passes with them (heartbeats.ts). */
  readonly hasHeartbeats: boolean;
  readonly frames: readonly RecordedFrame[];
}

export interface Outcome {
  readonly alerts: Alert[];
  /** Readings that came late and were evaluated apart. */
  readonly late: number;
}

/** Every alert that the rules raise or resolve over the recordings, as an engine would, in the order of time. */
export function alertsOver(
  recordings: readonly Recording[],
  rules: readonly Rule[],
  catalog: Catalog,
): Outcome {
  const compiled = rules.map((rule) => compileRule(rule, catalog));
  const alerts: Alert[] = [];
  let late = 0;
  const waitMs = longestWaitMs(compiled);
  for (const { region, partition, hasHeartbeats, frames } of recordings) {
    const lane = new LaneRules({ region, partition }, catalog, threadStopwatch);
    lane.update(compiled, 0);
    let state = EMPTY_LANE;
    for (const frame of hasHeartbeats ? frames : withHeartbeats(frames, waitMs)) {
      const after = stateAfter(state, frame);
      if (!after) continue;
      alerts.push(...lane.applyFrame(frame, frame.seq, after));
      state = after;
    }
    late += lane.counters.late;
  }
  return { alerts: alerts.sort((a, b) => a.receivedAtMs - b.receivedAtMs), late };
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
  const nameOf = ({ region, rule, key, sinceMs, late }: Alert): string =>
    JSON.stringify([region, rule, key, sinceMs, late === true]);
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
      throw refused(`${path}:${line}: ${messageOf(error)}`, error);
    }
  }
  readings.sort((a, b) => a.receivedAtMs - b.receivedAtMs);
  const frames = readings.map((reading, at): RecordedFrame => {
    const n = at + 1;
    const { receivedAtMs: clock } = reading;
    const header = { v: 1, gateway: "recorded", epoch: "1", n, count: 1, total: n, clock };
    return { seq: n, storeMs: clock, header, readings: [reading] };
  });
  return [{ region: "recorded", partition: 0, hasHeartbeats: false, frames }];
}

function toReading(value: unknown, catalog: Catalog): FrameReading {
  const of = value as Partial<FrameReading> | null;
  if (typeof of?.device !== "string") throw new Error("device is missing");
  if (typeof of.contract !== "string") throw new Error("contract is missing");
  if (typeof of.payload !== "object" || of.payload === null) throw new Error("payload is missing");
  const [newest] = catalog.versions(of.contract);
  if (!newest) throw new UnknownContract(`contract "${of.contract}" is unknown`);
  const { device, contract, payload } = of;
  const { version = newest.version } = of;
  if (!catalog.get(contract, version))
    throw new UnknownContract(`version ${version} of contract "${contract}" is unknown`);
  const receivedAtMs = of.receivedAtMs ?? eventTimeMs(newest, payload, Number.NaN);
  if (!Number.isFinite(receivedAtMs)) throw new Error("it has no time: say receivedAtMs");
  return { device, contract, version, receivedAtMs, traceparent: null, payload };
}

/**
 * The last hours of a region's log, lane by lane.
 * @param options.contracts readings of others are left out of their frames, which are many.
 * @param options.report hears of each frame that was read.
 */
export async function readRegion(
  connection: NatsConnection,
  region: string,
  sinceMs: number,
  { contracts, report }: { contracts?: ReadonlySet<string>; report?: () => void } = {},
): Promise<Recording[]> {
  const streams = new Streams(connection);
  const stream = telemetryStream(region);
  const log = await streams.find(stream);
  if (!log) throw refused(`there is no log of region ${region} there`);
  const from = await firstSeqSince(streams, stream, log, sinceMs);
  const subjects = await streams.subjects(stream, telemetryFilter(region));
  const recordings: Recording[] = [];
  for (const subject of [...subjects.keys()].sort()) {
    const partition = Number(subject.split(".").at(-1));
    const last = await streams.newest(stream, subject);
    const frames: RecordedFrame[] = [];
    if (last && last.seq >= from)
      for await (const { seq, storeMs, data } of readStored(
        connection,
        { stream, subject, from },
        last.seq,
      )) {
        const frame = frameOrNull(data);
        report?.();
        if (!frame) continue;
        const readings = contracts
          ? frame.readings.filter(({ contract }) => contracts.has(contract))
          : frame.readings;
        frames.push({ seq, storeMs, ...frame, readings });
      }
    recordings.push({ region, partition, hasHeartbeats: true, frames });
  }
  return recordings;
}
