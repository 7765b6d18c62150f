// A line of the log as a record of OpenTelemetry; pure. Lines are JSON, as pino writes them.
import {
  type Attributes,
  type LogRecord,
  ROOT_CONTEXT,
  SeverityNumber,
  TraceFlags,
  trace,
} from "@opentelemetry/api";
import { EXCEPTION } from "./names.ts";

/** pino's levels; what is between two counts as the lower. */
const SEVERITIES: readonly (readonly [level: number, number: SeverityNumber, text: string])[] = [
  [60, SeverityNumber.FATAL, "FATAL"],
  [50, SeverityNumber.ERROR, "ERROR"],
  [40, SeverityNumber.WARN, "WARN"],
  [30, SeverityNumber.INFO, "INFO"],
  [20, SeverityNumber.DEBUG, "DEBUG"],
];

interface Line {
  readonly level?: number;
  readonly time?: string;
  readonly msg?: string;
  readonly err?: { readonly type?: string; readonly message?: string; readonly stack?: string };
  readonly trace_id?: string;
  readonly span_id?: string;
  readonly [field: string]: unknown;
}

/** A line that names a trace belongs to it; its further fields become attributes. */
export function logRecordOf(text: string): LogRecord {
  const { level = 0, time, msg = "", err, trace_id, span_id, ...rest } = JSON.parse(text) as Line;
  const [, severityNumber, severityText] = SEVERITIES.find(([from]) => level >= from) ?? [
    0,
    SeverityNumber.TRACE,
    "TRACE",
  ];
  const attributes: Attributes = {};
  for (const [name, value] of Object.entries(rest)) attributes[name] = attributeOf(value);
  if (err?.type !== undefined) attributes[EXCEPTION.type] = err.type;
  if (err?.message !== undefined) attributes[EXCEPTION.message] = err.message;
  if (err?.stack !== undefined) attributes[EXCEPTION.stack] = err.stack;
  const atMs = time === undefined ? NaN : Date.parse(time);
  return {
    ...(Number.isNaN(atMs) ? {} : { timestamp: atMs }),
    severityNumber,
    severityText,
    body: msg,
    attributes,
    ...(trace_id === undefined || span_id === undefined
      ? {}
      : { context: trace.setSpanContext(ROOT_CONTEXT, contextIn(trace_id, span_id)) }),
  };
}

const contextIn = (traceId: string, spanId: string) => ({
  traceId,
  spanId,
  traceFlags: TraceFlags.SAMPLED,
});

/** A value as a receiver can show it: JSON, unless it is a number, a text or a truth value. */
function attributeOf(value: unknown): string | number | boolean {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean")
    return value;
  return JSON.stringify(value) ?? "";
}
