import { type Attributes, SpanKind, type Tracer, trace } from "@opentelemetry/api";
import type { OptionTable } from "../platform/runtime/config.ts";
import { as } from "../platform/runtime/config.ts";
import { sleep } from "../platform/runtime/backoff.ts";
import { messageOf } from "../platform/runtime/errors.ts";
import type { Logger } from "../platform/runtime/logger.ts";
import { contextOf, traceparentOf } from "./propagation.ts";
import type { Service } from "./resource.ts";

/** A stop has a deadline; what is not sent by then is not worth missing it. */
const STOP_WITHIN_MS = 2_000;

/** Options of every process; names and meaning of them are OpenTelemetry's own. */
export const TELEMETRY_OPTIONS = {
  otlpEndpoint: {
    env: "OTEL_EXPORTER_OTLP_ENDPOINT",
    doc: "base URL of an OTLP/HTTP receiver; unset: nothing is sent",
    fallback: "",
    parse: (raw) => (raw === "" ? "" : as.url(raw)),
  },
} satisfies OptionTable;

/** Options of every process that readings pass. */
export const TRACING_OPTIONS = {
  ...TELEMETRY_OPTIONS,
  traceShare: {
    env: "SKERRY_TRACE_SHARE",
    doc: "share of readings that get a trace, 0 to 1",
    fallback: "0.01",
    parse: as.number(0, 1),
  },
} satisfies OptionTable;

export interface SpanSpec {
  name: string;
  /** W3C traceparent of the parent, or null for a new trace. */
  parent: string | null;
  startMs: number;
  kind?: "internal" | "producer" | "consumer" | "client";
  attributes?: Attributes;
}

export interface OpenSpan {
  /** The context to hand on, so that the next hop's span becomes a child of this one. */
  readonly traceparent: string;
  end(endMs: number): void;
}

const KINDS = {
  internal: SpanKind.INTERNAL,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
  client: SpanKind.CLIENT,
} as const;

/** Spans with explicit times, because a reading's hops are known only when a whole batch is done. */
export class Tracing implements AsyncDisposable {
  readonly #tracer: Tracer | null;
  readonly #share: number;
  readonly #shutdown: () => Promise<void>;

  constructor(tracer: Tracer | null, share: number, shutdown: () => Promise<void>) {
    this.#tracer = tracer;
    this.#share = share;
    this.#shutdown = shutdown;
  }

  get enabled(): boolean {
    return this.#tracer !== null;
  }

  /** True for the share of readings that shall get a trace; always false when tracing is off. */
  sample(): boolean {
    return this.#tracer !== null && Math.random() < this.#share;
  }

  /** Null when tracing is off: the caller then hands on the parent, if it has one. */
  start(spec: SpanSpec): OpenSpan | null {
    if (!this.#tracer) return null;
    const span = this.#tracer.startSpan(
      spec.name,
      {
        startTime: spec.startMs,
        kind: KINDS[spec.kind ?? "internal"],
        ...(spec.attributes ? { attributes: spec.attributes } : {}),
      },
      contextOf(spec.parent),
    );
    return {
      traceparent: traceparentOf(span.spanContext()),
      end: (endMs) => span.end(endMs),
    };
  }

  /** Records a span that is already over. */
  record(spec: SpanSpec & { endMs: number }): void {
    this.start(spec)?.end(spec.endMs);
  }

  /** Sends what is buffered, for at most a few seconds. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#shutdown();
  }
}

export const NO_TRACING = new Tracing(null, 0, () => Promise.resolve());

/**
 * Starts the SDK if an endpoint is configured. The SDK is loaded only then: it is by far the
 * largest dependency, and a gateway that does not trace should not pay for it.
 */
export async function startTracing(
  service: Service,
  config: { otlpEndpoint: string; traceShare: number },
  logger: Pick<Logger, "warn">,
): Promise<Tracing> {
  if (config.otlpEndpoint === "") return NO_TRACING;
  const { startSdk } = await import("./sdk.ts");
  const stop = stopper(startSdk(service, config.otlpEndpoint), config.otlpEndpoint, logger);
  return new Tracing(trace.getTracer("skerry"), config.traceShare, stop);
}

/** Traces are extra: a receiver that is away costs its traces and a warning, never a failed stop. */
function stopper(
  stop: () => Promise<void>,
  endpoint: string,
  logger: Pick<Logger, "warn">,
): () => Promise<void> {
  return async () => {
    const late = sleep(STOP_WITHIN_MS).then(() => `no answer within ${STOP_WITHIN_MS} ms`);
    const problem = await Promise.race([stop().then(() => null, messageOf), late]);
    if (problem !== null)
      logger.warn(`the last traces were not sent to ${new URL(endpoint).origin}: ${problem}`);
  };
}
