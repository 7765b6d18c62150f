// Alerts that the hub itself raises, in the same form as a region's (ALERTS_hub).
import { createHash } from "node:crypto";
import { type NatsConnection, NatsError } from "nats";
import type { Alert } from "../contracts/messages/alert.ts";
import { alertSubject, alertsStream } from "../contracts/names/subjects.ts";
import { publishOnce } from "../platform/nats/client/publish.ts";
import { HUB } from "../platform/nats/topology/topology.ts";

const NO_MESSAGE_FOUND = 10037;

export interface HubCondition {
  readonly rule: string;
  readonly key: string;
  /** Whether the condition holds now. */
  readonly holds: boolean;
  /** What time it speaks of, epoch ms. */
  readonly atMs: number;
  readonly value: number;
  readonly message: string;
}

export class HubAlerts {
  readonly #connection: NatsConnection;

  constructor(connection: NatsConnection) {
    this.#connection = connection;
  }

  /** Raises or resolves an alert if that changes anything; the stream is what it remembers by. */
  async set({ rule, key, holds, atMs, value, message }: HubCondition): Promise<void> {
    const subject = alertSubject({ region: HUB, rule, key });
    const last = await this.#last(subject);
    const state = holds ? "firing" : "resolved";
    if (last ? last.state === state : !holds) return;
    const id = holds ? idOf(rule, key, atMs) : last!.id;
    const sinceMs = holds ? atMs : last!.sinceMs;
    const place = { partition: 0, seq: 0, index: 0 };
    const alert: Alert = {
      id,
      rule,
      key,
      region: HUB,
      state,
      severity: "warning",
      sinceMs,
      atMs,
      receivedAtMs: Date.now(),
      value,
      message,
      ...place,
    };
    const data = Buffer.from(JSON.stringify(alert));
    const jetstream = this.#connection.jetstream();
    await publishOnce(jetstream, { subject, data, messageId: `${id}:${state}` });
  }

  async #last(subject: string): Promise<Alert | null> {
    const { streams } = await this.#connection.jetstreamManager();
    try {
      return (await streams.getMessage(alertsStream(HUB), { last_by_subj: subject })).json<Alert>();
    } catch (error) {
      if (error instanceof NatsError && error.api_error?.err_code === NO_MESSAGE_FOUND) return null;
      throw error;
    }
  }
}

const idOf = (...parts: readonly (string | number)[]): string =>
  createHash("sha256").update(parts.join("\n")).digest("hex").slice(0, 32);
