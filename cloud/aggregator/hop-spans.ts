import { ATTRIBUTES, OWN, SPANS, writeSpan } from "../../otel/names.ts";
import type { Tracing } from "../../otel/tracing.ts";
import type { Sink } from "../sinks/sink.ts";

/** Times at which a frame passed each hop of the aggregator, epoch ms. */
export interface HopTimes {
  readonly region: string;
  readonly sink: Pick<Sink, "name" | "system">;
  readonly storedMs: number;
  readonly arrivedMs: number;
  readonly aggregatedMs: number;
  readonly writeStartMs: number;
  readonly writeEndMs: number;
}

/** Records the aggregator's hops of every traced reading of a frame, as children of its trace. */
export function recordHops(
  tracing: Tracing,
  traceparents: readonly string[],
  times: HopTimes,
): void {
  const attributes = { [OWN.region]: times.region };
  // Stored by another machine's clock: a span must not end before it starts.
  const storedMs = Math.min(times.storedMs, times.arrivedMs);
  for (const parent of traceparents) {
    tracing.record({
      name: SPANS.hub,
      kind: "consumer",
      parent,
      attributes: {
        ...attributes,
        [ATTRIBUTES.operationType]: "receive",
        [ATTRIBUTES.protocol]: "nats",
      },
      startMs: storedMs,
      endMs: times.arrivedMs,
    });
    tracing.record({
      name: SPANS.aggregate,
      parent,
      attributes: { ...attributes, [ATTRIBUTES.operationType]: "process" },
      startMs: times.arrivedMs,
      endMs: times.aggregatedMs,
    });
    tracing.record({
      name: writeSpan(times.sink.name),
      kind: "client",
      parent,
      attributes: { ...attributes, [ATTRIBUTES.database]: times.sink.system },
      startMs: times.writeStartMs,
      endMs: times.writeEndMs,
    });
  }
}
