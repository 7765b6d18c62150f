// Legal topic names and topic filters (MQTT 5, 4.7; pure). aedes' own check lets filters such as `a#`
// and `+a` through, and its matcher throws on topics deeper than it was built for.
import { isOfLog, parseLogFilter } from "../../../contracts/names/topics.ts";
import type { LogGroupName } from "../log-reading.ts";

const HASH = 35;
const PLUS = 43;
const SLASH = 47;

/** Legal to publish to: not empty, no wildcard, no U+0000, at most `levelsMax` levels. */
export function isTopicName(topic: unknown, levelsMax: number): topic is string {
  if (typeof topic !== "string" || topic.length === 0 || topic.length > 65_535) return false;
  let levels = 1;
  for (let index = 0; index < topic.length; index++) {
    const code = topic.charCodeAt(index);
    if (code === SLASH) levels++;
    else if (code === HASH || code === PLUS || code === 0) return false; // [MQTT-3.3.2-2] [MQTT-4.7.3-2]
  }
  return levels <= levelsMax;
}

/** Legal to subscribe to: wildcards fill a whole level and `#` is the last [MQTT-4.7.1-1]. */
export function isTopicFilter(filter: unknown, levelsMax: number): filter is string {
  if (typeof filter !== "string" || filter.length === 0 || filter.length > 65_535) return false;
  if (filter.includes("\0")) return false;
  const levels = filter.split("/");
  if (levels.length > levelsMax) return false;
  return levels.every(
    (level, index) =>
      level === "+" ||
      (level === "#" && index === levels.length - 1) ||
      (!level.includes("#") && !level.includes("+")),
  );
}

/** The parts of the filter of a shared subscription (MQTT 5, 4.8.2). */
export interface SharedFilter {
  /** Its ShareName. */
  readonly group: string;
  /** The filter that topics are held against. */
  readonly filter: string;
}

const SHARE = "$share/";

/** The parts of `$share/{group}/{filter}`; null for any other filter, and for one that lacks a part [MQTT-4.8.2-1]. */
export function sharedFilterOf(filter: string): SharedFilter | null {
  if (!filter.startsWith(SHARE)) return null;
  const slash = filter.indexOf("/", SHARE.length);
  const group = filter.slice(SHARE.length, slash);
  if (slash === -1 || group === "" || /[+#]/.test(group)) return null; // [MQTT-4.8.2-2]
  return { group, filter: filter.slice(slash + 1) };
}

/** The group that a filter asks for, if it is one that reads the region's log; null for any other filter. */
export function logGroupOf(filter: string): LogGroupName | null {
  const shared = filter.startsWith(SHARE) ? sharedFilterOf(filter) : null;
  const wanted = shared && isOfLog(shared.filter) ? parseLogFilter(shared.filter) : null;
  return wanted && { group: shared!.group, filter: wanted };
}

/** Legal to subscribe to, alone or shared; `$share` without a group and a filter is not, nor is the log without a group. */
export function isSubscribable(filter: unknown, levelsMax: number): filter is string {
  if (typeof filter !== "string") return false;
  const shared = sharedFilterOf(filter);
  if (shared && isOfLog(shared.filter)) return parseLogFilter(shared.filter) !== null;
  if (shared) return isTopicFilter(shared.filter, levelsMax);
  if (isOfLog(filter)) return false;
  return filter !== "$share" && !filter.startsWith(SHARE) && isTopicFilter(filter, levelsMax);
}
