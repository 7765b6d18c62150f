// The trace that an alert carries to whoever tells people of it: opened before the alert is stored, because its context
// is stored with it, and ended once it is.
import type { Alert } from "../../../contracts/messages/alert.ts";
import { ATTRIBUTES, OWN, SPANS } from "../../../otel/names.ts";
import type { OpenSpan, Tracing } from "../../../otel/tracing.ts";

/** Attributes that say which alert a span is of. */
export const aboutAlert = ({ region, partition, rule, key, state, severity }: Alert) => ({
  [OWN.region]: region,
  [OWN.partition]: partition,
  [OWN.rule]: rule,
  [OWN.key]: key,
  [OWN.state]: state,
  [OWN.severity]: severity,
});

/**
 * The span of storing an alert. Without a parent it begins a trace, because no reading made the alert; null when
 * tracing is off, or too much is traced already.
 */
export function openAlertSpan(
  tracing: Tracing,
  alert: Alert,
  { parent, startMs }: { readonly parent: string | null; readonly startMs: number },
): OpenSpan | null {
  if (parent === null && !tracing.sampleAnyway()) return null;
  return tracing.start({
    name: SPANS.alert,
    kind: "producer",
    parent,
    startMs,
    attributes: {
      ...aboutAlert(alert),
      [ATTRIBUTES.operationType]: "send",
      [ATTRIBUTES.protocol]: "nats",
      ...(parent === null ? { [OWN.why]: "alert" } : {}),
    },
  });
}

/** An alert as it is stored: with the context of its trace, if it has one. */
export const carrying = (alert: Alert, span: OpenSpan | null): Alert =>
  span === null ? alert : { ...alert, traceparent: span.traceparent };
