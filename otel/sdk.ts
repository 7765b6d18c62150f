import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { NodeSDK } from "@opentelemetry/sdk-node";
import { BatchSpanProcessor } from "@opentelemetry/sdk-trace";
import { SCHEMA_URL } from "./names.ts";
import { type Service, resourceAttributes } from "./resource.ts";

/** Spans are sent at the latest this long after they ended. */
const BATCH_DELAY_MS = 500;

/** Starts exporting spans to `{endpoint}/v1/traces`; returns how to stop, sending what is buffered. */
export function startSdk(service: Service, endpoint: string): () => Promise<void> {
  const exporter = new OTLPTraceExporter({ url: new URL("v1/traces", withSlash(endpoint)).href });
  const sdk = new NodeSDK({
    resource: resourceFromAttributes(resourceAttributes(service), { schemaUrl: SCHEMA_URL }),
    spanProcessors: [new BatchSpanProcessor({ exporter, scheduledDelayMillis: BATCH_DELAY_MS })],
    instrumentations: [],
    metricReaders: [],
    logRecordProcessors: [],
  });
  sdk.start();
  return () => sdk.shutdown();
}

const withSlash = (url: string): string => (url.endsWith("/") ? url : `${url}/`);
