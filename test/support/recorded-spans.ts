// A tracing whose spans a test can look at.
import {
  InMemorySpanExporter,
  SimpleSpanProcessor,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { Tracing } from "../../otel/tracing.ts";

export interface RecordedSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Null for the first of a trace. */
  readonly parent: string | null;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly error: string | undefined;
}

export interface RecordedTracing {
  readonly tracing: Tracing;
  /** Those that have ended, in that order. */
  readonly spans: () => RecordedSpan[];
}

/** @param share of readings that get a trace. */
export function recordedTracing(share: number): RecordedTracing {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  return {
    tracing: new Tracing(provider.getTracer("test"), share),
    spans: () =>
      exporter.getFinishedSpans().map((span) => ({
        name: span.name,
        traceId: span.spanContext().traceId,
        spanId: span.spanContext().spanId,
        parent: span.parentSpanContext?.spanId ?? null,
        startMs: msOf(span.startTime),
        endMs: msOf(span.endTime),
        attributes: span.attributes,
        error: span.status.message,
      })),
  };
}

const msOf = ([seconds, nanoseconds]: readonly [number, number]): number =>
  seconds * 1000 + nanoseconds / 1e6;
