// What an alert says (pure).
import { createHash } from "node:crypto";
import type { Alert, Severity } from "../../../contracts/messages/alert.ts";
import { parseSeries } from "../../../contracts/messages/series.ts";
import { type CompiledRule, commandsOf } from "../../../contracts/rules/compile-rule.ts";
import { type LaneId, laneName } from "../../../contracts/names/subjects.ts";
import type { Life, LogPlace } from "./lifecycle.ts";

/**
 * Alerts that an engine raises about itself; an underscore is in no id of anybody's rule.
 * `gateway_silent`: no gateway of the region writes; `rule_disabled`: a rule was too slow; `rule_error`: a
 * rule cannot be evaluated for a key; `rule_limited`: a rule forgets keys, because it may not remember more;
 * `record_set_aside`: records could not be handled, and are kept.
 */
export type OwnRule =
  "gateway_silent" | "record_set_aside" | "rule_disabled" | "rule_error" | "rule_limited";

/** The same wherever and however often the lane is replayed, and after a growth of the log. */
export function alertId(rule: string, key: string, lane: LaneId, raisedAt: LogPlace): string {
  const { seq, index, lane: partition = lane.partition } = raisedAt;
  return createHash("sha256")
    .update(JSON.stringify([rule, key, laneName({ ...lane, partition }), seq, index]))
    .digest("hex")
    .slice(0, 32);
}

/** The cause of a transition. */
export interface Cause {
  readonly key: string;
  readonly place: LogPlace;
  /** Event time, or the lane's clock. */
  readonly atMs: number;
  readonly receivedAtMs: number;
  readonly value: number;
  /** The text for people; without it, the condition and the value. */
  readonly why?: string;
}

/**
 * A step in the life of a rule's alert. One of readings that came late says so, with their times, and tells
 * devices nothing: what they should have done then may be wrong now.
 */
export function makeAlert(
  lane: LaneId,
  rule: CompiledRule,
  life: Pick<Life, "raisedAt" | "sinceMs">,
  state: Alert["state"],
  { key, place, value, why, ...times }: Cause,
  isLate = false,
): Alert {
  const tells = !isLate && (state === "firing" || state === "resolved");
  const commands = tells ? commandsOf(rule, state, key) : [];
  const { tags, key: partitionKey } = parseSeries(key);
  const shown = `${Number(value.toPrecision(6))} ${rule.unit}`.trimEnd();
  const says = why ?? `${rule.says} (${shown})`;
  const detail = isLate ? `while it was away, at ${timeText(times.atMs)}: ${says}` : says;
  return {
    id: alertId(rule.id, key, lane, life.raisedAt),
    rule: rule.id,
    key,
    ...(tags.length === 0 ? {} : { series: { key: partitionKey, tags: Object.fromEntries(tags) } }),
    region: lane.region,
    state,
    severity: rule.severity,
    sinceMs: life.sinceMs,
    ...times,
    value,
    message: `${key}: ${detail}${state === "firing" ? "" : `, ${state}`}`,
    ...(isLate ? { late: true } : {}),
    ...(commands.length === 0 ? {} : { commands }),
    partition: lane.partition,
    ...place,
  };
}

/** Event times are what devices say. */
export const timeText = (ms: number): string =>
  Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : String(ms);

/** An alert of the engine about itself. */
export function makeOwnAlert(
  lane: LaneId,
  rule: OwnRule,
  state: "firing" | "resolved",
  of: {
    readonly key: string;
    readonly raisedAt: LogPlace;
    readonly place: LogPlace;
    readonly atMs: number;
    readonly message: string;
    readonly severity?: Severity;
  },
): Alert {
  const { key, raisedAt, place, atMs, message, severity = "critical" } = of;
  return {
    id: alertId(rule, key, lane, raisedAt),
    rule,
    key,
    region: lane.region,
    state,
    severity,
    sinceMs: atMs,
    atMs,
    receivedAtMs: atMs,
    value: 0,
    message,
    partition: lane.partition,
    ...place,
  };
}
