import {
  ROOT_CONTEXT,
  type Context,
  type SpanContext,
  TraceFlags,
  trace,
} from "@opentelemetry/api";
import { parseTraceParent } from "@opentelemetry/core";

/** Formats a span's context as a W3C `traceparent` (W3C Trace Context, section 3.2). */
export const traceparentOf = ({ traceId, spanId, traceFlags }: SpanContext): string =>
  `00-${traceId}-${spanId}-${(traceFlags & 0xff).toString(16).padStart(2, "0")}`;

/** The context to start children of `traceparent` in; the root context if there is none. */
export function contextOf(traceparent: string | null): Context {
  const parent = traceparent === null ? null : parseTraceParent(traceparent);
  return parent ? trace.setSpanContext(ROOT_CONTEXT, { ...parent, isRemote: true }) : ROOT_CONTEXT;
}

/** The ids in a `traceparent`; null if it is none. */
export const spanContextOf = (traceparent: string): SpanContext | null =>
  parseTraceParent(traceparent);

/** A valid `traceparent` whose sampled flag is set, or null: everything else is not ours to trace. */
export function sampledTraceparent(text: unknown): string | null {
  if (typeof text !== "string" || text.length > 256) return null;
  const parent = parseTraceParent(text);
  if (!parent || (parent.traceFlags & TraceFlags.SAMPLED) === 0) return null;
  return traceparentOf(parent);
}

/** Fields of a line of the log that tell to which trace it belongs; none for null. */
export function traceFields(traceparent: string | null): { trace_id?: string; span_id?: string } {
  const context = traceparent === null ? null : parseTraceParent(traceparent);
  return context ? { trace_id: context.traceId, span_id: context.spanId } : {};
}
