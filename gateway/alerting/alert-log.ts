import type { JetStreamClient, NatsConnection } from "nats";
import type { Alert } from "../../contracts/alert.ts";
import { alertSubject, alertSubjects, alertsStream } from "../../contracts/subjects.ts";
import { publishUntilStored } from "../../infra/nats/publish.ts";
import type { LogPlace } from "./threshold.ts";

const isAfter = (a: LogPlace, b: LogPlace): boolean =>
  a.seq > b.seq || (a.seq === b.seq && a.index > b.index);

/**
 * The region's ALERTS stream as seen by its only writer. It knows the last alert of every rule and
 * key, so that a replay, however late, never raises one twice: JetStream's own de-duplication by
 * message id forgets after two minutes.
 */
export class AlertLog {
  readonly #connection: NatsConnection;
  readonly #jetstream: JetStreamClient;
  readonly #region: string;
  #lastPlaces = new Map<string, LogPlace>();
  #firing = new Set<string>();
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
    const last = new Map<string, Alert>();
    const manager = await this.#connection.jetstreamManager({ checkAPI: false });
    const { state } = await manager.streams.info(stream, {
      subjects_filter: alertSubjects(this.#region),
    });
    for (const subject of Object.keys(state.subjects ?? {})) {
      const message = await manager.streams.getMessage(stream, { last_by_subj: subject });
      if (message) last.set(subject, message.json<Alert>());
    }
    this.#lastPlaces = new Map(last);
    this.#firing = new Set(
      [...last].filter(([, alert]) => alert.state === "firing").map(([subject]) => subject),
    );
  }

  get openAlerts(): number {
    return this.#firing.size;
  }

  /** Stores an alert unless it, or a later one of its rule and key, is stored already. */
  async append(alert: Alert, signal: AbortSignal): Promise<void> {
    const subject = alertSubject(alert);
    const last = this.#lastPlaces.get(subject);
    if (last && !isAfter(alert, last)) return;
    const data = Buffer.from(JSON.stringify(alert));
    const messageId = `${alert.id}:${alert.state}`;
    await publishUntilStored(this.#jetstream, { subject, data, messageId }, signal);
    this.#lastPlaces.set(subject, { seq: alert.seq, index: alert.index });
    if (alert.state === "firing") {
      this.raised += 1;
      this.#firing.add(subject);
    } else {
      this.cleared += 1;
      this.#firing.delete(subject);
    }
  }
}
