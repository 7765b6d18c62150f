// Spans in the body of an OTLP/HTTP export in JSON (pure), which anybody may have made: each part is looked at, none trusted.

/** Attributes of a span that are kept. */
const ATTRIBUTES_MAX = 64;
/** Characters of a name or a text; more is left out. */
const TEXT_CHARS_MAX = 1_024;

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

type Part = Readonly<Record<string, unknown>>;

/** Every span by its trace; what is none is passed over. */
export function spansIn(body: unknown): [traceId: string, span: TraceSpan][] {
  return partsOf(partOf(body)["resourceSpans"]).flatMap(({ resource, scopeSpans }) => {
    const own = attributesOf(partOf(resource)["attributes"]);
    return partsOf(scopeSpans)
      .flatMap(({ spans }) => partsOf(spans))
      .flatMap((span) => spanOf(span, own));
  });
}

function spanOf(span: Part, resource: TraceSpan["attributes"]): [string, TraceSpan][] {
  const { traceId, spanId, parentSpanId } = span;
  if (!isHex(traceId, 32) || !isHex(spanId, 16)) return [];
  const attributes = attributesOf(span["attributes"]);
  const region = attributes["skerry.region"] ?? resource["skerry.region"];
  const code = partOf(span["status"])["code"];
  const made: TraceSpan = {
    ...{ spanId, attributes },
    name: textOf(span["name"]) ?? "",
    parentSpanId: isHex(parentSpanId, 16) ? parentSpanId : null,
    service: String(resource["service.name"] ?? "?"),
    region: typeof region === "string" ? region : null,
    startMs: msOf(span["startTimeUnixNano"]),
    endMs: msOf(span["endTimeUnixNano"]),
    isError: code === 2 || code === "STATUS_CODE_ERROR",
  };
  return [[traceId, made]];
}

const isPart = (value: unknown): value is Part => typeof value === "object" && value !== null;

const partOf = (value: unknown): Part => (isPart(value) ? value : {});

const partsOf = (value: unknown): Part[] => (Array.isArray(value) ? value.filter(isPart) : []);

const isHex = (value: unknown, chars: number): value is string =>
  typeof value === "string" && value.length === chars && /^[0-9a-f]+$/.test(value);

/** Copied, because a part of a text keeps the whole of it in memory. */
const textOf = (value: unknown): string | undefined => {
  if (typeof value !== "string") return undefined;
  if (value.length <= TEXT_CHARS_MAX) return value;
  return `${Buffer.from(value.slice(0, TEXT_CHARS_MAX)).toString()}…`;
};

function msOf(nanos: unknown): number {
  const ms = Number(typeof nanos === "string" || typeof nanos === "number" ? nanos : 0) / 1e6;
  return Number.isFinite(ms) ? ms : 0;
}

function attributesOf(list: unknown): TraceSpan["attributes"] {
  const pairs = partsOf(list)
    .slice(0, ATTRIBUTES_MAX)
    .flatMap(({ key, value }) => {
      const found = valueOf(partOf(value));
      const name = textOf(key);
      return name === undefined || found === undefined ? [] : [[name, found] as const];
    });
  return Object.fromEntries(pairs);
}

function valueOf({ stringValue, boolValue, doubleValue, intValue }: Part) {
  if (typeof stringValue === "string") return textOf(stringValue);
  if (typeof boolValue === "boolean") return boolValue;
  if (typeof doubleValue === "number") return doubleValue;
  const isInt = typeof intValue === "number" || typeof intValue === "string";
  return isInt && Number.isFinite(Number(intValue)) ? Number(intValue) : undefined;
}
