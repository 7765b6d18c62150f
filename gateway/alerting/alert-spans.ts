// The trace of every alert, from the times that are known of the reading that made it. The alert carries its context to
// whoever tells people of it, so its span is opened before it is stored.
import type { Alert } from "../../contracts/messages/alert.ts";
import type { Frame } from "../../contracts/messages/frame.ts";
import { ATTRIBUTES, OWN, SPANS } from "../../otel/names.ts";
import type { OpenSpan, Tracing } from "../../otel/tracing.ts";
import { aboutAlert, openAlertSpan } from "../../platform/nats/lanes/alert-trace.ts";

/** Times at which a frame passed each step of the engine, epoch ms. */
export interface AlertTimes {
  readonly storedMs: number;
  readonly arrivedMs: number;
  readonly evaluatedMs: number;
}

/** Opens the span of an alert that is about to be stored; null: it gets no trace. */
export type OpenAlert = (alert: Alert) => OpenSpan | null;

/**
 * Alerts that a frame made continue the trace of their reading; if it has none, they get one anyway, from the device on.
 * With tracing off, what the reading carries is handed on.
 */
export function alertsOfFrame(tracing: Tracing, { readings }: Frame, times: AlertTimes): OpenAlert {
  return (alert) => {
    const own = readings[alert.index]?.traceparent ?? null;
    if (!tracing.enabled) return own === null ? null : { traceparent: own, end: () => undefined };
    const parent = own ?? readingSpans(tracing, alert, times);
    if (parent === null) return null;
    const { evaluatedMs } = times;
    const evaluated = tracing.record({
      name: SPANS.evaluate,
      kind: "consumer",
      parent,
      startMs: Math.min(times.storedMs, times.arrivedMs),
      endMs: evaluatedMs,
      attributes: { ...aboutAlert(alert), [ATTRIBUTES.operationType]: "process" },
    });
    return openAlertSpan(tracing, alert, { parent: evaluated ?? parent, startMs: evaluatedMs });
  };
}

/** Alerts that no reading made begin a trace. */
export const alertsOfNobody =
  (tracing: Tracing): OpenAlert =>
  (alert) =>
    openAlertSpan(tracing, alert, { parent: null, startMs: Date.now() });

/** The way of the reading up to the log; null if there are too many alerts to trace each. */
function readingSpans(tracing: Tracing, alert: Alert, { storedMs }: AlertTimes): string | null {
  if (!tracing.sampleAnyway()) return null;
  const { atMs, receivedAtMs, region } = alert;
  const root = tracing.record({
    name: SPANS.publish,
    parent: null,
    kind: "producer",
    startMs: Math.min(atMs, receivedAtMs),
    endMs: receivedAtMs,
    attributes: { [OWN.region]: region, [OWN.why]: "alert" },
  });
  tracing.record({
    name: SPANS.commit,
    parent: root,
    kind: "producer",
    startMs: receivedAtMs,
    endMs: storedMs,
    attributes: { [OWN.region]: region },
  });
  return root;
}
