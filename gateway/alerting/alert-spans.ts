// The trace of every alert, made once it is stored, from the times that are known of the reading that made it.
import type { Alert } from "../../contracts/messages/alert.ts";
import type { Frame } from "../../contracts/messages/frame.ts";
import { ATTRIBUTES, OWN, SPANS } from "../../otel/names.ts";
import { traceFields } from "../../otel/propagation.ts";
import type { Tracing } from "../../otel/tracing.ts";
import type { Logger } from "../../platform/runtime/logger.ts";

/** Times at which a frame passed each step of the engine, epoch ms. */
export interface AlertTimes {
  readonly storedMs: number;
  readonly arrivedMs: number;
  readonly evaluatedMs: number;
  readonly publishedMs: number;
}

/** Continues the trace of the reading that made an alert; if it has none, the alert gets one anyway, from the device on. */
export function traceAlerts(
  { tracing, logger }: { tracing: Tracing; logger: Logger },
  alerts: readonly Alert[],
  { readings }: Frame,
  times: AlertTimes,
): void {
  if (!tracing.enabled) return;
  for (const alert of alerts) {
    const { rule, key, state } = alert;
    const parent = readings[alert.index]?.traceparent ?? readingSpans(tracing, alert, times);
    if (parent === null) continue;
    const about = {
      [OWN.region]: alert.region,
      [OWN.partition]: alert.partition,
      [OWN.rule]: rule,
      [OWN.key]: key,
      [OWN.state]: state,
      [OWN.severity]: alert.severity,
    };
    const evaluated = tracing.record({
      name: SPANS.evaluate,
      kind: "consumer",
      parent,
      startMs: Math.min(times.storedMs, times.arrivedMs),
      endMs: times.evaluatedMs,
      attributes: { ...about, [ATTRIBUTES.operationType]: "process" },
    });
    tracing.record({
      name: SPANS.alert,
      kind: "producer",
      parent: evaluated,
      startMs: times.evaluatedMs,
      endMs: times.publishedMs,
      attributes: { ...about, [ATTRIBUTES.operationType]: "send", [ATTRIBUTES.protocol]: "nats" },
    });
    logger.info({ rule, key, state, ...traceFields(evaluated) }, "alert stored");
  }
}

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
