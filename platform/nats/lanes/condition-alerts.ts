// Alerts that a process raises about itself or its neighbours, in the same form as those of rules. They
// come from no lane, so the stream is what they are remembered by.
//
// A1. A step is stored only after the step that its writer has seen: several processes may say the same,
//     and it is told once.
import { createHash } from "node:crypto";
import { type Alert, NO_LANE, type Severity } from "../../../contracts/messages/alert.ts";
import { alertSubject, alertsOfRule, alertsStream } from "../../../contracts/names/subjects.ts";
import type { Tracing } from "../../../otel/tracing.ts";
import type { NatsConnection } from "../client/connection.ts";
import { jsonOf } from "../client/payload.ts";
import { type Publisher, publishExpecting, publisherOn } from "../client/publish.ts";
import { Streams } from "../client/streams.ts";
import { carrying, openAlertSpan } from "./alert-trace.ts";

export interface Condition {
  readonly rule: string;
  readonly key: string;
  /** True if the condition holds now. */
  readonly holds: boolean;
  /** The time that it speaks of, epoch ms. */
  readonly atMs: number;
  readonly value: number;
  readonly message: string;
  /** The severity; `warning` by default. */
  readonly severity?: Severity;
}

export class ConditionAlerts {
  readonly #streams: Streams;
  readonly #publisher: Publisher;
  readonly #domain: string;
  readonly #tracing: Tracing;

  /** @param domain whose alerts they are: `hub` or a region. */
  constructor(connection: NatsConnection, domain: string, tracing: Tracing) {
    this.#streams = new Streams(connection);
    this.#publisher = publisherOn(connection);
    this.#domain = domain;
    this.#tracing = tracing;
  }

  /** Raises or resolves an alert if that changes anything; the stream is what it remembers by. */
  async set(condition: Condition): Promise<void> {
    const { rule, key, holds, atMs, value, message, severity = "warning" } = condition;
    const subject = alertSubject({ region: this.#domain, rule, key });
    const entry = await this.#streams.newest(alertsStream(this.#domain), subject);
    const last = entry && alertOf(entry.data);
    const state = holds ? "firing" : "resolved";
    if (last ? (last.state === "resolved") === !holds : !holds) return;
    const alert: Alert = {
      id: holds ? idOf(rule, key, atMs) : last!.id,
      rule,
      key,
      region: this.#domain,
      state,
      severity,
      sinceMs: holds ? atMs : last!.sinceMs,
      atMs,
      receivedAtMs: Date.now(),
      value,
      message,
      partition: NO_LANE,
      seq: 0,
      index: 0,
    };
    const from = { parent: null, startMs: alert.receivedAtMs };
    const span = openAlertSpan(this.#tracing, alert, from);
    const data = Buffer.from(JSON.stringify(carrying(alert, span)));
    const expected = { ofSubject: entry?.seq ?? 0 };
    const stored = await publishExpecting(this.#publisher, { subject, data }, expected); // A1
    if (stored !== null) span?.end(Date.now());
  }

  /** Keys for which a rule's alert is open. */
  async openKeys(rule: string): Promise<string[]> {
    const stream = alertsStream(this.#domain);
    const keys: string[] = [];
    const subjects = await this.#streams.subjects(stream, alertsOfRule(this.#domain, rule));
    for (const subject of subjects.keys()) {
      const last = await this.#streams.newest(stream, subject);
      const alert = last && alertOf(last.data);
      if (alert && alert.state !== "resolved") keys.push(alert.key);
    }
    return keys;
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
