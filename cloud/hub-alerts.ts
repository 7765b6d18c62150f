// Alerts that the hub itself raises, in the same form as a region's (ALERTS_hub).
import { createHash } from "node:crypto";
import type { Alert } from "../contracts/messages/alert.ts";
import { alertSubject, alertsStream } from "../contracts/names/subjects.ts";
import type { NatsConnection } from "../platform/nats/client/connection.ts";
import { jsonOf } from "../platform/nats/client/payload.ts";
import { type Publisher, publishOnce, publisherOn } from "../platform/nats/client/publish.ts";
import { Streams } from "../platform/nats/client/streams.ts";
import { HUB } from "../platform/nats/topology/topology.ts";

export interface HubCondition {
  readonly rule: string;
  readonly key: string;
  /** True if the condition holds now. */
  readonly holds: boolean;
  /** The time that it speaks of, epoch ms. */
  readonly atMs: number;
  readonly value: number;
  readonly message: string;
}

export class HubAlerts {
  readonly #streams: Streams;
  readonly #publisher: Publisher;

  constructor(connection: NatsConnection) {
    this.#streams = new Streams(connection);
    this.#publisher = publisherOn(connection);
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
    await publishOnce(this.#publisher, { subject, data, messageId: `${id}:${state}` });
  }

  async #last(subject: string): Promise<Alert | null> {
    const last = await this.#streams.newest(alertsStream(HUB), subject);
    return last && alertOf(last.data);
  }

  /** Keys of a rule's alerts that are not resolved. */
  async openKeysOf(rule: string): Promise<string[]> {
    const filter = alertSubject({ region: HUB, rule, key: "" }).replace(/[^.]*$/, "*");
    const subjects = [...(await this.#streams.subjects(alertsStream(HUB), filter)).keys()];
    const alerts = await Promise.all(subjects.map((subject) => this.#last(subject)));
    return alerts.flatMap((last) => (last && last.state !== "resolved" ? [last.key] : []));
  }
}

/** Null for what is no alert: the next one takes its place. */
function alertOf(data: Uint8Array): Alert | null {
  try {
    const alert = jsonOf<Partial<Alert> | null>(data);
    return typeof alert?.id === "string" ? (alert as Alert) : null;
  } catch {
    return null;
  }
}

const idOf = (...parts: readonly (string | number)[]): string =>
  createHash("sha256").update(parts.join("\n")).digest("hex").slice(0, 32);
