// The only place that spells MQTT topics.
import { createHash } from "node:crypto";
import { KEY_BYTES_MAX } from "./text.ts";

const TELEMETRY = /^devices\/([^/]+)\/telemetry\/([^/]+)(?:\/v(0|[1-9]\d{0,8}))?$/;

const COMMAND = /^devices\/([^/]+)\/commands\/([^/]+)$/;
const REPLY = /^devices\/([^/]+)\/commands\/([^/]+)\/reply$/;

/** First levels that are ours: no mapping reaches them. `$…` belongs to the broker (MQTT 5, 4.7.2). */
const RESERVED = /^(?:devices(?:\/|$)|alerts(?:\/|$)|\$)/;

export interface TelemetryAddress {
  readonly device: string;
  readonly contract: string;
  /** Absent when the device leaves it to its payload, or to what fits. */
  readonly version: number | undefined;
}

export const telemetryTopic = (device: string, contract: string, version?: number): string =>
  `devices/${device}/telemetry/${contract}${version === undefined ? "" : `/v${version}`}`;

/** The address in a telemetry topic, or null for any other topic. */
export function parseTelemetryTopic(topic: string): TelemetryAddress | null {
  const match = TELEMETRY.exec(topic);
  if (!match) return null;
  const version = match[3] === undefined ? undefined : Number(match[3]);
  return { device: match[1]!, contract: match[2]!, version };
}

/** True for topics that Skerry itself gives a meaning: telemetry, commands, alerts, `$…`. */
export const isReservedTopic = (topic: string): boolean => RESERVED.test(topic);

/**
 * The retained topic of an alert; the key is percent-encoded, so it may hold `/`, `+` and `#`. Of a key
 * that no reading may have any more (names/text.ts) it is legal too: such alerts are in logs.
 */
export const alertTopic = (rule: string, key: string, late = false): string =>
  `alerts/${encodeURIComponent(rule)}/${keyLevel(key)}${late ? "/late" : ""}`;

/** An encoded key of {@link KEY_BYTES_MAX} bytes. */
const KEY_LEVEL_CHARS_MAX = 3 * KEY_BYTES_MAX;

function keyLevel(key: string): string {
  const level = encodeURIComponent(key.toWellFormed());
  if (level.length <= KEY_LEVEL_CHARS_MAX) return level;
  return `sha256-${createHash("sha256").update(key).digest("hex")}`;
}

/** The topics of all commands. */
export const COMMAND_TOPICS = "devices/+/commands/+";

export interface CommandAddress {
  readonly device: string;
  readonly id: string;
}

/** The retained topic of an open command. */
export const commandTopic = ({ device, id }: CommandAddress): string =>
  `devices/${device}/commands/${id}`;

/** The topic on which the command's device answers. */
export const replyTopic = (of: CommandAddress): string => `${commandTopic(of)}/reply`;

export const parseCommandTopic = (topic: string): CommandAddress | null =>
  addressOf(COMMAND.exec(topic));

export const parseReplyTopic = (topic: string): CommandAddress | null =>
  addressOf(REPLY.exec(topic));

const addressOf = (match: RegExpExecArray | null): CommandAddress | null =>
  match && { device: match[1]!, id: match[2]! };

/** The readings of a region's log that a group reads (`$share/{group}/$log/{contract}/{device}`); null stands for any. */
export interface LogFilter {
  readonly contract: string | null;
  readonly device: string | null;
}

const LOG = "$log";

/** True for filters of what is in the log, legal or not: nobody publishes there. */
export const isOfLog = (filter: string): boolean => filter === LOG || filter.startsWith(`${LOG}/`);

/** The topic on which a group gets a reading. A device's id is one level (contracts/device.ts). */
export const logTopic = (contract: string, device: string): string =>
  `${LOG}/${contract}/${device}`;

/**
 * The readings that `$log/{contract}`, `$log/{contract}/{device}` or `$log/#` stand for, `+` for any; null for what is no
 * such filter. `$log/{contract}` is the same as `$log/{contract}/+`.
 */
export function parseLogFilter(filter: string): LogFilter | null {
  const [first, ...levels] = filter.split("/");
  if (first !== LOG || levels.length === 0 || levels.length > 2) return null;
  if (levels[0] === "#" && levels.length > 1) return null;
  const legal = levels.every(
    (level) => level === "+" || level === "#" || (level !== "" && !/[+#]/.test(level)),
  );
  const named = (level = "+"): string | null => (level === "+" || level === "#" ? null : level);
  return legal ? { contract: named(levels[0]), device: named(levels[1]) } : null;
}

/** The one spelling of a filter, of those that stand for the same. */
export const logFilter = ({ contract, device }: LogFilter): string =>
  logTopic(contract ?? "+", device ?? "+");
