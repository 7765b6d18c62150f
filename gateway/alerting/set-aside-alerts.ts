// The alerts about records of the region that were set aside, by whatever process of it.
import type { Streams } from "../../platform/nats/client/streams.ts";
import { SET_ASIDE_RULE, watchSetAside } from "../../platform/nats/lanes/set-aside-watch.ts";
import type { AlertLog } from "./alert-log.ts";
import { makeOwnAlert } from "./rules/make-alert.ts";

/** Behind everything in a frame, and in this order. */
const BY_SETTING_ASIDE = 2 ** 31 + 5;
const BY_THEIR_END = BY_SETTING_ASIDE + 1;

/** Runs until `signal` aborts. */
export function alertOfSetAside(
  parts: { streams: Streams; region: string; alertLog: AlertLog },
  signal: AbortSignal,
): Promise<void> {
  const { streams, region, alertLog } = parts;
  const lane = { region, partition: 0 };
  const tell = async (group: { key: string; count: number; seq: number; message: string }) => {
    const { key, count, seq, message } = group;
    const last = alertLog.lastOf({ region, rule: SET_ASIDE_RULE, key });
    const of = { key, message, atMs: Date.now() };
    if (count > 0) {
      const place = { seq, index: BY_SETTING_ASIDE };
      const alert = makeOwnAlert(lane, SET_ASIDE_RULE, "firing", { ...of, raisedAt: place, place });
      await alertLog.append([alert], signal);
      return;
    }
    if (!last) return;
    const raisedAt = { seq: last.seq, index: BY_SETTING_ASIDE };
    const place = { seq: Math.max(seq, last.seq), index: BY_THEIR_END };
    const alert = makeOwnAlert(lane, SET_ASIDE_RULE, "resolved", { ...of, raisedAt, place });
    await alertLog.append([alert], signal);
  };
  const told = alertLog.openKeysOf(SET_ASIDE_RULE);
  return watchSetAside({ streams, domain: region, told, tell }, signal);
}
