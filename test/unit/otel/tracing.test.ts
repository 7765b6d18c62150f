import { expect, test } from "vitest";
import { traceFields } from "../../../otel/propagation.ts";
import { NO_TRACING } from "../../../otel/tracing.ts";
import { recordedTracing } from "../../support/recorded-spans.ts";

test("times are those given, however small: a device's clock may say anything", () => {
  const { tracing, spans } = recordedTracing(0);
  for (const startMs of [0, 3, 1_500_000_000_000.25])
    tracing.record({ name: "step", parent: null, startMs, endMs: startMs + 1 });
  expect(spans().map(({ startMs, endMs }) => [startMs, endMs])).toEqual([
    [0, 1],
    [3, 4],
    [1_500_000_000_000.25, 1_500_000_000_001.25],
  ]);
});

test("a span does not end before it starts, whatever another machine's clock says", () => {
  const { tracing, spans } = recordedTracing(0);
  tracing.record({ name: "step", parent: null, startMs: 5_000, endMs: 4_000 });
  expect(spans()).toMatchObject([{ startMs: 5_000, endMs: 5_000 }]);
});

test("a flood of what is traced anyway is bounded", () => {
  const { tracing } = recordedTracing(0);
  const taken = Array.from({ length: 1_000 }, () => tracing.sampleAnyway()).filter(Boolean).length;
  expect(taken).toBeGreaterThanOrEqual(20);
  expect(taken).toBeLessThan(40);
  expect(tracing.sample(null)).toBe(false);
});

test("so is a flood of what the share or the sender chooses", () => {
  const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  for (const [share, of] of [
    [1, null],
    [0, parent],
  ] as const) {
    const { tracing } = recordedTracing(share);
    const taken = Array.from({ length: 20_000 }, () => tracing.sample(of)).filter(Boolean).length;
    expect(taken).toBeGreaterThanOrEqual(500);
    expect(taken).toBeLessThan(1_000);
  }
});

test("without a tracer nothing is sampled, for whatever reason", () => {
  expect(NO_TRACING.sampleAnyway()).toBe(false);
  expect(NO_TRACING.sample("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")).toBe(false);
  expect(NO_TRACING.record({ name: "step", parent: null, startMs: 1, endMs: 2 })).toBeNull();
});

test("a line of the log names the trace of what it is about", () => {
  const { tracing, spans } = recordedTracing(0);
  const context = tracing.record({ name: "step", parent: null, startMs: 1, endMs: 2 });
  const [{ traceId, spanId } = { traceId: "", spanId: "" }] = spans();
  expect(traceFields(context)).toEqual({ trace_id: traceId, span_id: spanId });
  expect(traceFields(null)).toEqual({});
});
