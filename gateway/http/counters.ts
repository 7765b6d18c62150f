// Figures of HTTP ingest, and the metrics that are made of them.
import type { MetricSpec } from "../../otel/metrics.ts";
import { type ElementOutcome, countsOf } from "./element-outcome.ts";

export interface HttpCounters {
  connections: number;
  /** Connections closed at once, because there were too many. */
  turnedAway: number;
  /** Requests by the status that they were answered with. */
  readonly requests: Record<string, number>;
  /** Readings of requests by what became of them. */
  readonly readings: { stored: number; repeated: number; rejected: number };
}

export const makeHttpCounters = (): HttpCounters => ({
  connections: 0,
  turnedAway: 0,
  requests: {},
  readings: { stored: 0, repeated: 0, rejected: 0 },
});

export function countOutcomes(counters: HttpCounters, outcomes: readonly ElementOutcome[]): void {
  const counts = countsOf(outcomes);
  counters.readings.stored += counts.stored;
  counters.readings.repeated += counts.repeated;
  counters.readings.rejected += counts.rejected;
}

/** Metrics of HTTP ingest; all 0 where nothing listens. */
export const httpMetricSpecs = (counters: HttpCounters, heldBytes: () => number): MetricSpec[] => [
  {
    name: "skerry.gateway.http.requests",
    kind: "counter",
    unit: "{request}",
    doc: "requests of HTTP ingest, by the status that they were answered with",
    label: "status",
    read: () => counters.requests,
  },
  {
    name: "skerry.gateway.http.readings",
    kind: "counter",
    unit: "{reading}",
    doc: "readings that came over HTTP, by what became of them: stored, repeated (stored already), rejected",
    label: "outcome",
    read: () => ({ ...counters.readings }),
  },
  {
    name: "skerry.gateway.http.connections",
    kind: "gauge",
    unit: "{connection}",
    doc: "open connections of HTTP ingest",
    read: () => counters.connections,
  },
  {
    name: "skerry.gateway.http.connections.turned_away",
    kind: "counter",
    unit: "{connection}",
    doc: "connections that were closed at once, because there were too many, of all or of their address",
    read: () => counters.turnedAway,
  },
  {
    name: "skerry.gateway.http.held_size",
    kind: "gauge",
    unit: "By",
    doc: "bodies of requests that are not answered yet",
    read: heldBytes,
  },
];
