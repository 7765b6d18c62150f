import { type Attributes, SpanKind, SpanStatusCode, type Tracer } from "@opentelemetry/api";
import { Budget } from "./budget.ts";
import { hrTimeOf } from "./hr-time.ts";
import { contextOf, traceparentOf } from "./propagation.ts";

/** Traces a second, of one process, that the share or the sender chooses: more would be paid for by everybody's readings. */
const CHOSEN_PER_S = 500;
/** Traces a second, of one process, that the share does not choose. */
const ANYWAY_PER_S = 20;

export interface SpanSpec {
  name: string;
  /** W3C traceparent of the parent, or null for a new trace. */
  parent: string | null;
  startMs: number;
  kind?: "internal" | "producer" | "consumer" | "client";
  attributes?: Attributes;
  /** The reason for which the step failed; absent: it did not. */
  error?: string;
}

/** Facts of a step that are known at its end only. */
export interface SpanOutcome {
  readonly attributes?: Attributes;
  /** The reason for which the step failed; absent: it did not. */
  readonly error?: string;
}

export interface OpenSpan {
  /** The context to hand on, so that the next hop's span becomes a child of this one. */
  readonly traceparent: string;
  end(endMs: number, outcome?: SpanOutcome): void;
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
  readonly #chosen: Budget;
  readonly #anyway: Budget;

  constructor(tracer: Tracer | null, share: number) {
    this.#tracer = tracer;
    this.#share = share;
    this.#chosen = new Budget(CHOSEN_PER_S, () => performance.now());
    this.#anyway = new Budget(ANYWAY_PER_S, () => performance.now());
  }

  get enabled(): boolean {
    return this.#tracer !== null;
  }

  /**
   * True for the share of readings that shall get a trace, and for those whose sender has one already, up to
   * {@link CHOSEN_PER_S} a second; always false when tracing is off.
   * @param parent the sender's context, or null.
   */
  sample(parent: string | null): boolean {
    if (this.#tracer === null) return false;
    return (parent !== null || Math.random() < this.#share) && this.#chosen.take();
  }

  /**
   * True for what gets a trace whatever the share is: an alert, a reject, a slow reading. A flood of them does not:
   * the first {@link ANYWAY_PER_S} of a second say as much as all.
   */
  sampleAnyway(): boolean {
    return this.#tracer !== null && this.#anyway.take();
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
    const fail = (message: string) => span.setStatus({ code: SpanStatusCode.ERROR, message });
    if (spec.error !== undefined) fail(spec.error);
    return {
      traceparent: traceparentOf(span.spanContext()),
      end: (endMs, { attributes, error } = {}) => {
        if (attributes) span.setAttributes(attributes);
        if (error !== undefined) fail(error);
        // Clocks differ between machines, and go back: a span must not end before it starts.
        span.end(hrTimeOf(Math.max(spec.startMs, endMs)));
      },
    };
  }

  /** Records a span that is already over; its context, to hang others below it, is null when tracing is off. */
  record(spec: SpanSpec & { endMs: number }): string | null {
    const span = this.start(spec);
    span?.end(spec.endMs);
    return span?.traceparent ?? null;
  }
}

export const NO_TRACING = new Tracing(null, 0);
