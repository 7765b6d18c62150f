import { type OptionTable, as } from "../platform/runtime/config.ts";

/** Kinds of what a process sends. */
export const SIGNALS = ["traces", "metrics", "logs"] as const;
export type Signal = (typeof SIGNALS)[number];

/** Options of every process; those that begin with OTEL are OpenTelemetry's own. */
export const TELEMETRY_OPTIONS = {
  otlpEndpoint: {
    env: "OTEL_EXPORTER_OTLP_ENDPOINT",
    doc: "base URL of an OTLP/HTTP receiver of traces, metrics and logs; unset: nothing is sent",
    fallback: "",
    parse: (raw) => (raw === "" ? "" : as.url(raw)),
  },
  otlpHeaders: {
    env: "OTEL_EXPORTER_OTLP_HEADERS",
    doc: "headers of every request to it, such as authorization=Bearer%20secret; several with commas",
    fallback: "",
    parse: parseHeaders,
    secret: true,
  },
  otlpSignals: {
    env: "SKERRY_OTLP_SIGNALS",
    doc: "what is sent to it: traces, metrics, logs",
    fallback: SIGNALS.join(","),
    parse: parseSignals,
  },
} satisfies OptionTable;

/** Options of every process that readings pass. */
export const TRACING_OPTIONS = {
  ...TELEMETRY_OPTIONS,
  traceShare: {
    env: "SKERRY_TRACE_SHARE",
    doc: "share of readings that get a trace, 0 to 1, up to 500 a second; alerts, rejects and slow readings get one anyway",
    fallback: "0.01",
    parse: as.number(0, 1),
  },
} satisfies OptionTable;

/** `name=value,name=value`, values percent-encoded (OpenTelemetry specification, "Specifying headers via environment variables"). */
function parseHeaders(raw: string): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const item of as.list(raw)) {
    const at = item.indexOf("=");
    const name = item.slice(0, Math.max(at, 0)).trim();
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) throw new Error("must be name=value,name=value");
    try {
      headers[name] = decodeURIComponent(item.slice(at + 1).trim());
    } catch {
      throw new Error(`has a value of ${name} that is not percent-encoded`);
    }
  }
  return headers;
}

function parseSignals(raw: string): readonly Signal[] {
  return as.list(raw).map((item) => {
    const signal = SIGNALS.find((one) => one === item);
    if (!signal) throw new Error(`must be of ${SIGNALS.join(", ")}, not "${item}"`);
    return signal;
  });
}
