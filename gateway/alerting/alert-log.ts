import type { JetStreamClient, NatsConnection } from "nats";
import type { Alert } from "../../contracts/alert.ts";
import { alertSubject, alertSubjects, alertsStream } from "../../contracts/subjects.ts";
import { publishUntilStored } from "../../infra/nats/publish.ts";
import type { LogPlace } from "./lifecycle.ts";

/** What is known of the last alert of a rule and key. */
type Last = Pick<Alert, "id" | "state"> & LogPlace;

const isAfter = (a: LogPlace, b: LogPlace): boolean =>
  a.seq > b.seq || (a.seq === b.seq && a.index > b.index);

/** Rules and keys whose last alerts are read at once. */
const READS_AT_ONCE = 50;

/**
 * The region's ALERTS stream as seen by its only writer. It knows the last alert of every rule and
 * key, so that a replay, however late, never raises one twice: JetStream's own de-duplication by
 * message id forgets after two minutes.
 */
export class AlertLog {
  readonly #connection: NatsConnection;
  readonly #jetstream: JetStreamClient;
  readonly #region: string;
  #last = new Map<string, Last>();
  raised = 0;
  cleared = 0;

  private constructor(connection: NatsConnection, region: string) {
    this.#connection = connection;
    this.#jetstream = connection.jetstream();
    this.#region = region;
  }

  static async open(connection: NatsConnection, region: string): Promise<AlertLog> {
    const log = new AlertLog(connection, region);
    await log.reload();
    return log;
  }

  /** Reads the last alert of every rule and key: what counts is what the stream holds. */
  async reload(): Promise<void> {
    const stream = alertsStream(this.#region);
    const last = new Map<string, Last>();
    const manager = await this.#connection.jetstreamManager({ checkAPI: false });
    const { state } = await manager.streams.info(stream, {
      subjects_filter: alertSubjects(this.#region),
    });
    const subjects = Object.keys(state.subjects ?? {});
    for (let at = 0; at < subjects.length; at += READS_AT_ONCE)
      await Promise.all(
        subjects.slice(at, at + READS_AT_ONCE).map(async (subject) => {
          const message = await manager.streams.getMessage(stream, { last_by_subj: subject });
          if (message) last.set(subject, lastOf(message.json<Alert>()));
        }),
      );
    this.#last = last;
  }

  get openAlerts(): number {
    let open = 0;
    for (const { state } of this.#last.values()) if (state !== "resolved") open += 1;
    return open;
  }

  lastOf(of: Pick<Alert, "region" | "rule" | "key">): Last | undefined {
    return this.#last.get(alertSubject(of));
  }

  /**
   * Stores alerts, unless they, or later ones of their rule and key, are stored already: those of one
   * rule and key in their order, different ones side by side.
   */
  async append(alerts: readonly Alert[], signal: AbortSignal): Promise<void> {
    if (alerts.length === 0) return;
    const bySubject = Map.groupBy(alerts, alertSubject);
    await Promise.all(
      [...bySubject].map(async ([subject, own]) => {
        for (const alert of own) await this.#store(subject, alert, signal);
      }),
    );
  }

  async #store(subject: string, alert: Alert, signal: AbortSignal): Promise<void> {
    const last = this.#last.get(subject);
    if (last && !isAfter(alert, last)) return;
    // Two engines' worth of replays may acknowledge at another place what is acknowledged.
    if (last?.id === alert.id && last.state === alert.state) return;
    const data = Buffer.from(JSON.stringify(alert));
    const messageId = `${alert.id}:${alert.state}`;
    await publishUntilStored(this.#jetstream, { subject, data, messageId }, signal);
    this.#last.set(subject, lastOf(alert));
    if (alert.state === "resolved") this.cleared += 1;
    else if (alert.state !== "acknowledged" && last?.id !== alert.id) this.raised += 1;
  }
}

const lastOf = ({ id, state, seq, index }: Alert): Last => ({ id, state, seq, index });
