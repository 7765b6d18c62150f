// The last traces that processes sent, from OTLP/HTTP in JSON.
//
// K1. At most TRACES_MAX traces of SPANS_MAX spans are kept, of CHARS_MAX characters together; the trace that had no
//     span for longest goes first.
import { type TraceSpan, spansIn } from "./otlp-spans.ts";

const TRACES_MAX = 1_000;
const SPANS_MAX = 200;
const CHARS_MAX = 32 * 1024 ** 2;
/** Characters that the fields of a span count for, beside its texts. */
const SPAN_CHARS = 200;

interface KeptTrace {
  readonly spans: Map<string, TraceSpan>;
  chars: number;
}

export interface TraceSummary {
  readonly traceId: string;
  readonly name: string;
  readonly startMs: number;
  readonly durationMs: number;
  readonly spans: number;
  readonly services: readonly string[];
  readonly isError: boolean;
}

export class TraceStore {
  readonly #traces = new Map<string, KeptTrace>();
  #chars = 0;

  /** Takes the body of an export; what is no span of the protocol is passed over. @returns the number of spans. */
  take(body: unknown): number {
    const spans = spansIn(body);
    for (const [traceId, span] of spans) this.#keep(traceId, span);
    return spans.length;
  }

  #keep(traceId: string, span: TraceSpan): void {
    const trace = this.#traces.get(traceId) ?? { spans: new Map<string, TraceSpan>(), chars: 0 };
    this.#traces.delete(traceId);
    this.#traces.set(traceId, trace);
    const before = trace.spans.get(span.spanId);
    if (before || trace.spans.size < SPANS_MAX) {
      const more = charsOf(span) - (before ? charsOf(before) : 0);
      trace.spans.set(span.spanId, span);
      trace.chars += more;
      this.#chars += more;
    }
    for (const [id, { chars }] of this.#traces) {
      if (this.#traces.size <= TRACES_MAX && this.#chars <= CHARS_MAX) break;
      this.#traces.delete(id); // K1
      this.#chars -= chars;
    }
  }

  /** The spans of a trace in the order of their beginnings; null if it is not known (any more). */
  get(traceId: string): TraceSpan[] | null {
    const spans = this.#traces.get(traceId)?.spans;
    return spans ? [...spans.values()].sort((a, b) => a.startMs - b.startMs) : null;
  }

  /** Traces with something in their names or attributes, the last heard first. */
  find({ search, limit }: { search: string; limit: number }): TraceSummary[] {
    const found: TraceSummary[] = [];
    for (const traceId of [...this.#traces.keys()].reverse()) {
      const spans = this.get(traceId)!;
      if (search !== "" && !spans.some((span) => holds(span, search))) continue;
      found.push(summaryOf(traceId, spans));
      if (found.length === limit) break;
    }
    return found;
  }
}

const charsOf = ({ name, service, attributes }: TraceSpan): number =>
  Object.entries(attributes).reduce(
    (sum, [key, value]) => sum + key.length + String(value).length,
    SPAN_CHARS + name.length + service.length,
  );

const holds = ({ name, service, attributes }: TraceSpan, search: string): boolean =>
  [name, service, ...Object.values(attributes)].some((text) => String(text).includes(search));

function summaryOf(traceId: string, spans: readonly TraceSpan[]): TraceSummary {
  const [first] = spans;
  const startMs = first?.startMs ?? 0;
  const endMs = spans.reduce((last, span) => Math.max(last, span.endMs), startMs);
  return {
    ...{ traceId, startMs },
    name: (spans.find(({ parentSpanId }) => parentSpanId === null) ?? first)?.name ?? "",
    durationMs: endMs - startMs,
    spans: spans.length,
    services: [...new Set(spans.map(({ service }) => service))],
    isError: spans.some(({ isError }) => isError),
  };
}
