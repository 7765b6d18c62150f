import { type Alert, isAlertState } from "../../contracts/messages/alert.ts";
import { inKnownFormat } from "../../contracts/messages/format.ts";
import {
  alertSubject,
  alertSubjects,
  alertsStream,
  isFiller,
} from "../../contracts/names/subjects.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { jsonOf } from "../../platform/nats/client/payload.ts";
import {
  type Publisher,
  publishUntilStored,
  publisherOn,
} from "../../platform/nats/client/publish.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import type { LogEntry } from "../../platform/nats/client/log-entry.ts";
import { carrying } from "../../platform/nats/lanes/alert-trace.ts";
import type { SettingAside } from "../../platform/nats/lanes/set-aside.ts";
import { isOfRecord } from "../../platform/runtime/errors.ts";
import type { Logger } from "../../platform/runtime/logger.ts";
import { traceFields } from "../../otel/propagation.ts";
import type { Tracing } from "../../otel/tracing.ts";
import type { AlertSigner } from "./alert-signer.ts";
import { type OpenAlert, alertsOfNobody } from "./alert-spans.ts";
import type { LogPlace } from "./rules/lifecycle.ts";
import type { OwnRule } from "./rules/make-alert.ts";

/** The last alert of a rule and key: all of it while it is open. */
type Last = Pick<Alert, "id" | "state" | "rule" | "partition"> &
  LogPlace & { open: Alert | null; isSigned: boolean };

const isAfter = (a: LogPlace, b: LogPlace): boolean =>
  a.seq > b.seq || (a.seq === b.seq && a.index > b.index);

/** Alerts of the region: they are at no place of the lane that they name. */
const AT_NO_PLACE: ReadonlySet<string> = new Set<OwnRule>(["gateway_silent", "record_set_aside"]);

/** Rules and keys whose last alerts are read at once. */
const READS_AT_ONCE = 50;

export interface AlertLogParts {
  readonly connection: NatsConnection;
  readonly region: string;
  readonly setAside: SettingAside;
  readonly tracing: Tracing;
  /** Absent: alerts with commands are written unsigned, too. */
  readonly signer?: AlertSigner | undefined;
  readonly logger: Pick<Logger, "info">;
}

/**
 * The region's ALERTS stream as seen by its only writer but for gateways, whose own alerts
 * (contracts/messages/alert.ts) have other subjects and are in no lane. It knows the last alert of every rule and
 * key, so that a replay, however late, never raises one twice: JetStream's own de-duplication by
 * message id forgets after two minutes.
 */
export class AlertLog {
  readonly #streams: Streams;
  readonly #publisher: Publisher;
  readonly #region: string;
  readonly #stream: string;
  readonly #signer: AlertSigner | undefined;
  readonly #setAside: SettingAside;
  readonly #openSpan: OpenAlert;
  readonly #logger: Pick<Logger, "info">;
  #last = new Map<string, Last>();
  readonly #newestSeq = new Map<number, number>();
  raised = 0;
  cleared = 0;

  private constructor({ connection, region, setAside, tracing, signer, logger }: AlertLogParts) {
    this.#signer = signer;
    this.#stream = alertsStream(region);
    this.#setAside = setAside;
    this.#openSpan = alertsOfNobody(tracing);
    this.#logger = logger;
    this.#streams = new Streams(connection);
    this.#publisher = publisherOn(connection);
    this.#region = region;
  }

  static async open(parts: AlertLogParts): Promise<AlertLog> {
    const log = new AlertLog(parts);
    await log.reload();
    return log;
  }

  /** Reads the last alert of every rule and key: what counts is what the stream holds. */
  async reload(): Promise<void> {
    const stream = this.#stream;
    const last = new Map<string, Last>();
    const counts = await this.#streams.subjects(stream, alertSubjects(this.#region));
    const subjects = [...counts.keys()].filter((subject) => !isFiller(subject));
    for (let at = 0; at < subjects.length; at += READS_AT_ONCE)
      await Promise.all(
        subjects.slice(at, at + READS_AT_ONCE).map(async (subject) => {
          const newest = await this.#streams.newest(stream, subject);
          const alert = newest && this.#read(newest);
          if (newest?.signature !== undefined) this.#signer?.seen(stream, newest);
          if (alert) last.set(subject, lastOf(alert, newest.signature !== undefined));
        }),
      );
    this.#last = last;
    this.#newestSeq.clear();
    for (const each of last.values()) this.#note(each);
  }

  /** Null for what is no alert: it is set aside, and the next one of its rule and key takes its place. */
  #read({ subject, data }: LogEntry): Alert | null {
    const place = { stream: this.#stream, subject };
    try {
      const alert = checkAlert(jsonOf(data));
      this.#setAside.mended("alert", place);
      return alert;
    } catch (why) {
      this.#setAside.note({ kind: "alert", reason: "unreadable", why, place, data });
      return null;
    }
  }

  get openAlerts(): number {
    let open = 0;
    for (const { state } of this.#last.values()) if (state !== "resolved") open += 1;
    return open;
  }

  /** Alerts of a lane that are not resolved. */
  openIn(partition: number): Alert[] {
    return [...this.#last.values()].flatMap(({ open }) =>
      open?.partition === partition && !AT_NO_PLACE.has(open.rule) ? [open] : [],
    );
  }

  /** The last frame of a lane that raised or resolved something; 0 if none did. */
  newestSeqIn(partition: number): number {
    return this.#newestSeq.get(partition) ?? 0;
  }

  /** Alerts of places that the lane's log, which was rolled back, uses again. */
  forgetFrom(partition: number, fromSeq: number): void {
    for (const [subject, { rule, partition: own, seq }] of this.#last)
      if (own === partition && seq >= fromSeq && !AT_NO_PLACE.has(rule)) this.#last.delete(subject);
    this.#newestSeq.delete(partition);
    for (const last of this.#last.values()) this.#note(last);
  }

  #note({ rule, partition, seq }: Last): void {
    if (AT_NO_PLACE.has(rule)) return;
    this.#newestSeq.set(partition, Math.max(this.newestSeqIn(partition), seq));
  }

  /** Keys of a rule's alerts that are not resolved. */
  openKeysOf(rule: string): string[] {
    return [...this.#last.values()].flatMap(({ open }) => (open?.rule === rule ? [open.key] : []));
  }

  lastOf(of: Pick<Alert, "region" | "rule" | "key">): Last | undefined {
    return this.#last.get(alertSubject(of));
  }

  /**
   * Stores alerts, unless they, or later ones of their rule and key, are stored already: those of one
   * rule and key in their order, different ones side by side.
   * @param openSpan of each that is stored; as of one that no reading made, unless it is given.
   */
  async append(
    alerts: readonly Alert[],
    signal: AbortSignal,
    openSpan: OpenAlert = this.#openSpan,
  ): Promise<void> {
    if (alerts.length === 0) return;
    const bySubject = Map.groupBy(alerts, alertSubject);
    await Promise.all(
      [...bySubject].map(async ([subject, own]) => {
        for (const alert of own) await this.#store(subject, alert, openSpan, signal);
      }),
    );
  }

  /** Does nothing if the stream has it already. */
  async #store(
    subject: string,
    alert: Alert,
    openSpan: OpenAlert,
    signal: AbortSignal,
  ): Promise<void> {
    const last = this.#last.get(subject);
    if (last && !isAfter(alert, last)) return;
    // A replay may acknowledge, or resolve, at another place what is acknowledged or resolved.
    if (last?.id === alert.id && last.state === alert.state) return;
    const span = openSpan(alert);
    const data = Buffer.from(JSON.stringify(carrying(alert, span)));
    const messageId = `${alert.id}:${alert.state}`;
    const record = { stream: this.#stream, subject, data };
    const headers = this.#signer?.headersFor(alert, record, last?.isSigned ?? false);
    try {
      await publishUntilStored(this.#publisher, { subject, data, messageId, headers }, signal);
    } catch (why) {
      if (signal.aborted || !isOfRecord(why)) throw why;
      const place = { stream: this.#stream, subject, part: messageId };
      await this.#setAside.put({ kind: "alert", reason: "refused", why, place, data });
      return;
    }
    if (span) {
      span.end(Date.now());
      const { rule, key, state } = alert;
      this.#logger.info({ rule, key, state, ...traceFields(span.traceparent) }, "alert stored");
    }
    const now = lastOf(alert, headers !== undefined);
    this.#last.set(subject, now);
    this.#note(now);
    if (alert.state === "resolved") this.cleared += 1;
    else if (alert.state !== "acknowledged" && last?.id !== alert.id) this.raised += 1;
  }
}

/** @throws Error if it is no alert that another one could follow. */
function checkAlert(value: unknown): Alert {
  const alert = inKnownFormat("alert", value ?? {}) as Partial<Alert>;
  const texts = [alert.id, alert.rule, alert.key];
  if (!texts.every((text) => typeof text === "string") || !isAlertState(alert.state))
    throw new Error("it is no alert: id, rule, key or state is missing");
  if (![alert.partition, alert.seq, alert.index].every(Number.isFinite))
    throw new Error("it is no alert: partition, seq or index is missing");
  return alert as Alert;
}

/** Without its trace: the alert's next step has one of its own. */
const lastOf = ({ traceparent: _, ...alert }: Alert, isSigned: boolean): Last => {
  const { id, state, rule, partition, seq, index } = alert;
  const open = state === "resolved" ? null : alert;
  return { id, state, rule, partition, seq, index, open, isSigned };
};
