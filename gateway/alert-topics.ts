// The region's alerts as retained MQTT topics.
//
// H1. An alert that no topic can carry, or that is none, is set aside: it concerns its own topic only.
import { type Alert, isAlertState } from "../contracts/messages/alert.ts";
import { formatProblem } from "../contracts/messages/format.ts";
import { alertSubjects, alertsStream } from "../contracts/names/subjects.ts";
import { alertTopic } from "../contracts/names/topics.ts";
import type { NatsConnection } from "../platform/nats/client/connection.ts";
import type { LogEntry } from "../platform/nats/client/log-entry.ts";
import { readSlice } from "../platform/nats/client/stream-reader.ts";
import type { SettingAside } from "../platform/nats/lanes/set-aside.ts";
import { isOfRecord } from "../platform/runtime/errors.ts";
import type { Logger } from "../platform/runtime/logger.ts";
import type { RetainedTopics } from "./broker/broker.ts";

export interface AlertTopicsParts {
  readonly connection: NatsConnection;
  readonly broker: Pick<RetainedTopics, "publish">;
  readonly region: string;
  readonly setAside: Pick<SettingAside, "note" | "mended">;
  readonly logger: Logger;
}

/**
 * Mirrors the region's alerts into retained MQTT topics: first the latest of each rule and key, so
 * that a restarted broker is right again, then every change as it happens.
 */
export async function mirrorAlerts(parts: AlertTopicsParts, signal: AbortSignal): Promise<void> {
  const { connection, region, logger } = parts;
  const slice = {
    stream: alertsStream(region),
    subject: alertSubjects(region),
    from: "last-per-subject",
  } as const;
  for await (const entry of readSlice(connection, slice, logger, signal))
    await mirrorAlert(entry, parts);
}

/** Shows one alert on its topic, or sets it aside (H1). @returns why it cannot be shown, or null. */
export async function mirrorAlert(
  { subject, data }: Pick<LogEntry, "subject" | "data">,
  { broker, region, setAside, logger }: Omit<AlertTopicsParts, "connection">,
): Promise<string | null> {
  const text = Buffer.from(data).toString("utf8");
  const place = { stream: alertsStream(region), subject };
  const aside = (reason: "unreadable" | "unpublishable", why: string): string => {
    setAside.note({ kind: "alert", reason, why, place, data });
    return why;
  };
  const alert = readAlert(text);
  if (typeof alert === "string") return aside("unreadable", alert);
  try {
    await broker.publish(alertTopic(alert.rule, alert.key, alert.late), text, { retain: true });
  } catch (error) {
    // A broker whose store fails shows no alert at all: that stops the gateway.
    if (!isOfRecord(error)) throw error;
    return aside("unpublishable", `no topic can carry it: ${(error as Error).message}`);
  }
  logger.debug({ subject }, "alert mirrored");
  setAside.mended("alert", place);
  return null;
}

/** The rule and key of an alert; or what is wrong with it. */
function readAlert(text: string): Pick<Alert, "rule" | "key" | "late"> | string {
  try {
    const alert = (JSON.parse(text) ?? {}) as Partial<Alert>;
    const newer = formatProblem("alert", alert);
    if (newer !== null) return newer;
    const { rule, key, state, late } = alert;
    if (typeof rule !== "string" || typeof key !== "string") return "it names no rule and key";
    if (!isAlertState(state)) return "it is in no state that an alert has";
    return { rule, key, ...(late === true ? { late } : {}) };
  } catch (error) {
    return `it is no JSON: ${(error as Error).message}`;
  }
}
