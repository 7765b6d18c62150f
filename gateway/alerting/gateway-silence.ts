// One alert when no gateway of the region writes any more, instead of one for every device that is not
// heard: absence goes by the lanes' clock, which stands still with the gateways.
//
// It is the only alert that a clock raises: that nothing is in the log, no log can say. Its id is made of
// the last sequence there is, so that it is the same whoever notices.
import { telemetryStream } from "../../contracts/names/subjects.ts";
import type { Streams } from "../../platform/nats/client/streams.ts";
import { sleep } from "../../platform/runtime/backoff.ts";
import { dispositionOf } from "../../platform/runtime/errors.ts";
import type { Logger } from "../../platform/runtime/logger.ts";
import type { AlertLog } from "./alert-log.ts";
import { makeOwnAlert } from "./rules/make-alert.ts";

/** Gateways that have nothing to say write an empty frame every second. */
const SILENT_MS = 30_000;
const LOOK_EVERY_MS = 2_000;
/** Behind everything in a frame. */
const BY_SILENCE = 2 ** 31 + 3;

export async function watchGateways(
  parts: { streams: Streams; region: string; alertLog: AlertLog; logger: Logger },
  signal: AbortSignal,
  silentMs = SILENT_MS,
): Promise<void> {
  const { streams, region, alertLog, logger } = parts;
  const lane = { region, partition: 0 };
  let lastSeq = -1;
  let sinceMs = performance.now();
  let raisedSeq = firingSeq(alertLog, region);
  while (!signal.aborted) {
    // A log that does not answer says nothing about its gateways.
    const log = await streams.state(telemetryStream(region)).catch(nullIfAway);
    const nowMs = performance.now();
    if (log === null) sinceMs = nowMs;
    else {
      const { lastSeq: seq } = log;
      if (seq !== lastSeq) [lastSeq, sinceMs] = [seq, nowMs];
      const isSilent = seq > 0 && nowMs - sinceMs >= silentMs;
      const of = { key: region, atMs: Date.now() };
      if (isSilent && raisedSeq === null) {
        const place = { seq, index: BY_SILENCE };
        const message = `${region}: no gateway has written for ${silentMs / 1_000} s`;
        logger.error({ seq }, message);
        const alert = { ...of, raisedAt: place, place, message };
        await alertLog.append([makeOwnAlert(lane, "gateway_silent", "firing", alert)], signal);
        raisedSeq = seq;
      } else if (raisedSeq !== null && seq > raisedSeq) {
        const raisedAt = { seq: raisedSeq, index: BY_SILENCE };
        const place = { seq, index: BY_SILENCE };
        const message = `${region}: a gateway writes again, resolved`;
        const alert = { ...of, raisedAt, place, message };
        await alertLog.append([makeOwnAlert(lane, "gateway_silent", "resolved", alert)], signal);
        raisedSeq = null;
      }
    }
    await sleep(LOOK_EVERY_MS, signal);
  }
}

/** The beginning of the silence that an earlier start has told of, if that is not over. */
function firingSeq(alertLog: AlertLog, region: string): number | null {
  const last = alertLog.lastOf({ region, rule: "gateway_silent", key: region });
  return last?.state === "firing" ? last.seq : null;
}

function nullIfAway(error: unknown): null {
  if (dispositionOf(error) === "retry") return null;
  throw error;
}
