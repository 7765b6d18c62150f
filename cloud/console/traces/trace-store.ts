// The last traces that processes sent, from OTLP/HTTP in JSON.
//
// K1. At most TRACES_MAX traces of SPANS_MAX spans are kept; the trace that had no span for longest goes first.

const TRACES_MAX = 1_000;
const SPANS_MAX = 200;
const ATTRIBUTES_MAX = 64;

export interface TraceSpan {
  readonly spanId: string;
  readonly parentSpanId: string | null;
  readonly name: string;
  readonly service: string;
  readonly region: string | null;
  readonly startMs: number;
  readonly endMs: number;
  readonly isError: boolean;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
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

interface OtlpValue {
  stringValue?: string;
  intValue?: string | number;
  doubleValue?: number;
  boolValue?: boolean;
}
interface OtlpAttribute {
  key?: string;
  value?: OtlpValue;
}
interface OtlpSpan {
  traceId?: string;
  spanId?: string;
  parentSpanId?: string;
  name?: string;
  startTimeUnixNano?: string | number;
  endTimeUnixNano?: string | number;
  attributes?: OtlpAttribute[];
  status?: { code?: number | string };
}
interface OtlpTraces {
  resourceSpans?: {
    resource?: { attributes?: OtlpAttribute[] };
    scopeSpans?: { spans?: OtlpSpan[] }[];
  }[];
}

export class TraceStore {
  readonly #traces = new Map<string, Map<string, TraceSpan>>();

  /** Takes the body of an export; what is no span of the protocol is passed over. @returns the number of spans. */
  take(body: unknown): number {
    let count = 0;
    for (const { resource, scopeSpans } of (body as OtlpTraces | null)?.resourceSpans ?? []) {
      const of = attributesOf(resource?.attributes);
      for (const { spans } of scopeSpans ?? [])
        for (const span of spans ?? []) if (this.#takeSpan(span, of)) count += 1;
    }
    return count;
  }

  #takeSpan(span: OtlpSpan, resource: TraceSpan["attributes"]): boolean {
    const { traceId, spanId, parentSpanId = "", name = "", attributes, status } = span;
    if (!isHex(traceId, 32) || !isHex(spanId, 16)) return false;
    const own = attributesOf(attributes);
    const spans = this.#traces.get(traceId) ?? new Map<string, TraceSpan>();
    this.#traces.delete(traceId);
    this.#traces.set(traceId, spans);
    if (spans.size < SPANS_MAX || spans.has(spanId))
      spans.set(spanId, {
        ...{ spanId, name, attributes: own },
        parentSpanId: isHex(parentSpanId, 16) ? parentSpanId : null,
        service: String(resource["service.name"] ?? "?"),
        region: textOrNull(own["skerry.region"] ?? resource["skerry.region"]),
        startMs: Number(span.startTimeUnixNano ?? 0) / 1e6,
        endMs: Number(span.endTimeUnixNano ?? 0) / 1e6,
        isError: status?.code === 2 || status?.code === "STATUS_CODE_ERROR",
      });
    if (this.#traces.size > TRACES_MAX) this.#traces.delete(this.#traces.keys().next().value!); // K1
    return true;
  }

  /** The spans of a trace in the order of their beginnings; null if it is not known (any more). */
  get(traceId: string): TraceSpan[] | null {
    const spans = this.#traces.get(traceId);
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

const isHex = (text: string | undefined, chars: number): text is string =>
  text?.length === chars && /^[0-9a-f]+$/.test(text);

const textOrNull = (value: unknown): string | null => (typeof value === "string" ? value : null);

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

function attributesOf(attributes: OtlpAttribute[] = []): Record<string, string | number | boolean> {
  const pairs = attributes.slice(0, ATTRIBUTES_MAX).flatMap(({ key, value }) => {
    const { stringValue, intValue, doubleValue, boolValue } = value ?? {};
    const found =
      stringValue ??
      boolValue ??
      doubleValue ??
      (intValue === undefined ? undefined : Number(intValue));
    return key === undefined || found === undefined ? [] : [[key, found] as const];
  });
  return Object.fromEntries(pairs);
}
