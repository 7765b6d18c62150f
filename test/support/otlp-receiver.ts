import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface ReceivedSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly startMs: number;
  readonly endMs: number;
  readonly service: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** The reason for which it failed; absent: it did not. */
  readonly error: string | undefined;
}

export interface ReceivedLog {
  readonly service: string;
  readonly body: string;
  readonly severity: string;
  readonly traceId: string | undefined;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** A metric by name, as it last came from a service. */
export interface ReceivedMetric {
  readonly service: string;
  readonly name: string;
  readonly unit: string;
  readonly points: readonly Readonly<Record<string, unknown>>[];
}

type Pairs = { key: string; value: Record<string, unknown> }[];

interface OtlpResource {
  schemaUrl?: string;
  resource: { attributes: Pairs };
}

interface OtlpBody {
  resourceSpans: (OtlpResource & {
    scopeSpans: {
      spans: {
        name: string;
        traceId: string;
        spanId: string;
        parentSpanId?: string;
        startTimeUnixNano: string;
        endTimeUnixNano: string;
        attributes?: Pairs;
        status?: { message?: string };
      }[];
    }[];
  })[];
}

interface OtlpLogs {
  resourceLogs: (OtlpResource & {
    scopeLogs: {
      logRecords: {
        body: { stringValue: string };
        severityText: string;
        traceId?: string;
        attributes: Pairs;
      }[];
    }[];
  })[];
}

type OtlpPoints = { dataPoints: Record<string, unknown>[] };

interface OtlpMetrics {
  resourceMetrics: (OtlpResource & {
    scopeMetrics: {
      metrics: {
        name: string;
        unit: string;
        sum?: OtlpPoints;
        gauge?: OtlpPoints;
        histogram?: OtlpPoints;
      }[];
    }[];
  })[];
}

/** The value of an attribute, whatever its type. */
const valuesOf = (pairs: Pairs): Record<string, unknown> =>
  Object.fromEntries(pairs.map(({ key, value }) => [key, Object.values(value)[0]]));

const serviceOf = ({ resource }: OtlpResource): string =>
  String(valuesOf(resource.attributes)["service.name"]);

export interface OtlpReceiver extends AsyncDisposable {
  readonly url: string;
  readonly spans: ReceivedSpan[];
  readonly logs: ReceivedLog[];
  readonly metrics: ReceivedMetric[];
  /** Headers of the last request. */
  readonly headers: Record<string, unknown>;
}

/** An OTLP/HTTP receiver (JSON) that keeps everything. */
export async function startOtlpReceiver(port = 0): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  const logs: ReceivedLog[] = [];
  const metrics: ReceivedMetric[] = [];
  const headers: Record<string, unknown> = {};
  const server = createServer((request, response) => {
    Object.assign(headers, request.headers);
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body: unknown = JSON.parse(Buffer.concat(chunks).toString());
      if (request.url === "/v1/traces") spans.push(...spansOf(body as OtlpBody));
      if (request.url === "/v1/logs") logs.push(...logsOf(body as OtlpLogs));
      if (request.url === "/v1/metrics") metrics.push(...metricsOf(body as OtlpMetrics));
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    });
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    logs,
    metrics,
    headers,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const spansOf = (body: OtlpBody): ReceivedSpan[] =>
  body.resourceSpans.flatMap((from) =>
    from.scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => ({
        name: span.name,
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: span.parentSpanId || undefined,
        startMs: Number(BigInt(span.startTimeUnixNano) / 1_000_000n),
        endMs: Number(BigInt(span.endTimeUnixNano) / 1_000_000n),
        service: serviceOf(from),
        attributes: valuesOf(span.attributes ?? []),
        error: span.status?.message || undefined,
      })),
    ),
  );

const logsOf = (body: OtlpLogs): ReceivedLog[] =>
  body.resourceLogs.flatMap((from) =>
    from.scopeLogs.flatMap(({ logRecords }) =>
      logRecords.map(({ body: { stringValue }, severityText, traceId, attributes }) => ({
        service: serviceOf(from),
        body: stringValue,
        severity: severityText,
        traceId: traceId || undefined,
        attributes: valuesOf(attributes),
      })),
    ),
  );

const metricsOf = (body: OtlpMetrics): ReceivedMetric[] =>
  body.resourceMetrics.flatMap((from) =>
    from.scopeMetrics.flatMap(({ metrics }) =>
      metrics.map(({ name, unit, sum, gauge, histogram }) => ({
        service: serviceOf(from),
        name,
        unit,
        points: (sum ?? gauge ?? histogram)!.dataPoints,
      })),
    ),
  );
