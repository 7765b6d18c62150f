// Spans of telling people: in the trace of each alert that a message tells. A message may tell of many: the most severe
// of those that are in a trace get spans, TRACED_PER_MESSAGE at most; if none is in one, the most severe begins one.
// An attempt is a span by itself, because the next one may be hours later, and made by another process.
import type { Alert } from "../../contracts/messages/alert.ts";
import { ATTRIBUTES, OWN, SPANS } from "../../otel/names.ts";
import { sampledTraceparent } from "../../otel/propagation.ts";
import type { OpenSpan, Tracing } from "../../otel/tracing.ts";
import { aboutAlert } from "../../platform/nats/lanes/alert-trace.ts";
import type { Channel } from "./channel.ts";
import type { Message } from "./message.ts";
import type { Outcome } from "./sender.ts";
import { rankOf } from "./story.ts";

export const TRACED_PER_MESSAGE = 20;

/** An attempt at a message, as spans. */
export interface AttemptSpans {
  /** The context that goes with the message to whoever takes it; null if it is in no trace. */
  readonly traceparent: string | null;
  ended(outcome: Outcome, endMs: number): void;
  /** It was given up after this attempt, and stored. */
  gaveUp(reason: string, startMs: number, endMs: number): void;
}

/** Opens the spans of an attempt that begins now, the `number`th of its message. */
export function openAttempt(
  tracing: Tracing,
  message: Message,
  { spec }: Pick<Channel, "spec">,
  { number, startMs }: { readonly number: number; readonly startMs: number },
): AttemptSpans {
  const traced = tracedOf(message);
  if (!tracing.enabled) return handedOn(traced[0]?.parent ?? null);
  const attributes = {
    [OWN.channel]: spec.name,
    [ATTRIBUTES.protocol]: spec.kind === "email" ? "smtp" : "http",
    [ATTRIBUTES.message]: message.messageId,
    [ATTRIBUTES.batch]: message.alerts.length,
  };
  const spans: OpenSpan[] = [];
  for (const { alert, at, parent } of traced) {
    if (parent === null && !tracing.sampleAnyway()) continue;
    const about = {
      ...attributes,
      ...aboutAlert(alert),
      ...(parent === null ? { [OWN.why]: "alert" } : {}),
    };
    const storedMs = message.storedMs[at];
    if (parent !== null && storedMs !== undefined && number === 1)
      tracing.record({
        name: SPANS.wait,
        kind: "consumer",
        parent,
        startMs: Math.min(storedMs, startMs),
        endMs: startMs,
        attributes: { ...about, [ATTRIBUTES.operationType]: "receive" },
      });
    const span = tracing.start({
      name: SPANS.deliver,
      kind: "client",
      parent,
      startMs,
      attributes: { ...about, [ATTRIBUTES.operationType]: "send", [OWN.attempt]: number },
    });
    if (span) spans.push(span);
  }
  const traceparent = spans[0]?.traceparent ?? null;
  return {
    traceparent,
    ended: (outcome, endMs) => {
      const failed = outcome.kind === "delivered" ? {} : { error: outcome.reason };
      const told = { attributes: { [OWN.outcome]: outcome.kind }, ...failed };
      for (const span of spans) span.end(endMs, told);
    },
    gaveUp: (reason, sinceMs, endMs) => {
      for (const span of spans)
        tracing.record({
          name: SPANS.giveUp,
          kind: "producer",
          parent: span.traceparent,
          startMs: sinceMs,
          endMs,
          error: reason,
          attributes: { ...attributes, [ATTRIBUTES.operationType]: "send" },
        });
    },
  };
}

interface Traced {
  readonly alert: Alert;
  /** Its place in the message. */
  readonly at: number;
  readonly parent: string | null;
}

/** The alerts of a message whose traces go on, the most severe first. */
function tracedOf({ alerts }: Message): Traced[] {
  const bySeverity = alerts
    .map((alert, at) => ({ alert, at, parent: sampledTraceparent(alert.traceparent) }))
    .sort((a, b) => rankOf(b.alert) - rankOf(a.alert));
  const known = bySeverity.filter(({ parent }) => parent !== null);
  return (known.length > 0 ? known : bySeverity.slice(0, 1)).slice(0, TRACED_PER_MESSAGE);
}

/** Without spans of its own, a process hands on what it was given. */
const handedOn = (traceparent: string | null): AttemptSpans => ({
  traceparent,
  ended: () => undefined,
  gaveUp: () => undefined,
});
