// The last step of every alert, of all regions and of the hub.
//
// L1. An alert that is not resolved is always known; of the resolved ones, the last RESOLVED_MAX.
import { type Alert, isAlertState } from "../../../contracts/messages/alert.ts";
import { alertSubjects, alertsStream } from "../../../contracts/names/subjects.ts";
import type { NatsConnection } from "../../../platform/nats/client/connection.ts";
import { jsonOf } from "../../../platform/nats/client/payload.ts";
import { readSlice } from "../../../platform/nats/client/stream-reader.ts";
import type { Logger } from "../../../platform/runtime/logger.ts";

const RESOLVED_MAX = 5_000;

export class AlertWatch {
  readonly #alerts = new Map<string, Alert>();
  /** Subjects of those that are resolved, the longest resolved first. */
  readonly #resolved = new Set<string>();
  readonly #tell: (alert: Alert) => void;
  readonly #startedMs: number;

  /** @param tell told of each step that happens after `startedMs`. */
  constructor(tell: (alert: Alert) => void, startedMs: number) {
    this.#tell = tell;
    this.#startedMs = startedMs;
  }

  /** Follows the alerts of these domains until `signal` aborts. */
  async run(
    { connection, logger }: { connection: NatsConnection; logger: Logger },
    domains: readonly string[],
    signal: AbortSignal,
  ): Promise<void> {
    const follow = async (domain: string): Promise<void> => {
      const stream = alertsStream(domain);
      const slice = { stream, subject: alertSubjects(domain), from: "last-per-subject" } as const;
      for await (const { subject, data, storeMs } of readSlice(connection, slice, logger, signal)) {
        const alert = readable(data);
        if (!alert) continue;
        this.#put(subject, alert);
        if (storeMs >= this.#startedMs) this.#tell(alert);
      }
    };
    await Promise.all(domains.map(follow));
  }

  #put(subject: string, alert: Alert): void {
    this.#alerts.delete(subject);
    this.#alerts.set(subject, alert);
    this.#resolved.delete(subject);
    if (alert.state !== "resolved") return;
    this.#resolved.add(subject);
    if (this.#resolved.size <= RESOLVED_MAX) return;
    const [oldest] = this.#resolved;
    this.#resolved.delete(oldest!);
    this.#alerts.delete(oldest!); // L1
  }

  /** Newest first. */
  find(of: { states?: readonly string[]; rule?: string; region?: string }): Alert[] {
    return [...this.#alerts.values()]
      .filter(
        ({ state, rule, region }) =>
          (of.states === undefined || of.states.includes(state)) &&
          (of.rule === undefined || of.rule === rule) &&
          (of.region === undefined || of.region === region),
      )
      .sort((a, b) => b.receivedAtMs - a.receivedAtMs);
  }
}

/** Null for what is no alert. */
function readable(data: Uint8Array): Alert | null {
  try {
    const alert = jsonOf<Partial<Alert> | null>(data);
    const isNamed = [alert?.id, alert?.rule, alert?.key].every((name) => typeof name === "string");
    return isNamed && isAlertState(alert?.state) ? (alert as Alert) : null;
  } catch {
    return null;
  }
}
