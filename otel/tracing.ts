import { type Attributes, SpanKind, type Tracer } from "@opentelemetry/api";
import { hrTimeOf } from "./hr-time.ts";
import { contextOf, traceparentOf } from "./propagation.ts";

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
export class Tracing {
  readonly #tracer: Tracer | null;
  readonly #share: number;

  constructor(tracer: Tracer | null, share: number) {
    this.#tracer = tracer;
    this.#share = share;
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
        startTime: hrTimeOf(spec.startMs),
        kind: KINDS[spec.kind ?? "internal"],
        ...(spec.attributes ? { attributes: spec.attributes } : {}),
      },
      contextOf(spec.parent),
    );
    return {
      traceparent: traceparentOf(span.spanContext()),
      end: (endMs) => span.end(hrTimeOf(endMs)),
    };
  }

  /** Records a span that is already over. */
  record(spec: SpanSpec & { endMs: number }): void {
    this.start(spec)?.end(spec.endMs);
  }
}

export const NO_TRACING = new Tracing(null, 0);
