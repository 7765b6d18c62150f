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
  readonly #jetstream: JetStreamClient;
  readonly #lastPlaces: Map<string, LogPlace>;
  readonly #firing: Set<string>;
  raised = 0;
  cleared = 0;

  private constructor(jetstream: JetStreamClient, last: ReadonlyMap<string, Alert>) {
    this.#jetstream = jetstream;
    this.#lastPlaces = new Map(last);
    this.#firing = new Set(
      [...last].filter(([, { state }]) => state === "firing").map(([subject]) => subject),
    );
  }

  /** Reads the last alert of every rule and key. */
  static async open(connection: NatsConnection, region: string): Promise<AlertLog> {
    const last = new Map<string, Alert>();
    const manager = await connection.jetstreamManager({ checkAPI: false });
    const info = await manager.streams.info(alertsStream(region), {
      subjects_filter: alertSubjects(region),
    });
    for (const subject of Object.keys(info.state.subjects ?? {})) {
      const message = await manager.streams.getMessage(alertsStream(region), {
        last_by_subj: subject,
      });
      if (message) last.set(subject, message.json<Alert>());
    }
    return new AlertLog(connection.jetstream(), last);
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
