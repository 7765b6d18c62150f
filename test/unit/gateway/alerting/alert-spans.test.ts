import { expect, test } from "vitest";
import type { FrameReading } from "../../../../contracts/messages/frame.ts";
import { alertsOfFrame, alertsOfNobody } from "../../../../gateway/alerting/alert-spans.ts";
import { NO_TRACING } from "../../../../otel/tracing.ts";
import { anAlert } from "../../../support/an-alert.ts";
import { recordedTracing } from "../../../support/recorded-spans.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const TRACEPARENT = `00-${TRACE}-b7ad6b7169203331-01`;
const ALERT = anAlert({ index: 0 });
const TIMES = {
  storedMs: ALERT.receivedAtMs + 10,
  arrivedMs: ALERT.receivedAtMs + 20,
  evaluatedMs: ALERT.receivedAtMs + 21,
};
const PUBLISHED_MS = ALERT.receivedAtMs + 25;

function frameOf(traceparent: string | null) {
  const reading: FrameReading = {
    ...{ device: "room-1", contract: "environment", version: 1, payload: {} },
    ...{ receivedAtMs: ALERT.receivedAtMs, traceparent },
  };
  const header = { v: 1, gateway: "g", epoch: "e", n: 1, count: 1, total: 1, clock: 0 };
  return { header, readings: [reading] };
}

function trace(traceparent: string | null) {
  const { tracing, spans } = recordedTracing(0);
  const open = alertsOfFrame(tracing, frameOf(traceparent), TIMES)(ALERT)!;
  const before = spans().map(({ name }) => name);
  open.end(PUBLISHED_MS);
  return { spans: spans(), before, carried: open.traceparent };
}

test("an alert gets a trace from the device on, though no share chose its reading", () => {
  const { spans, before, carried } = trace(null);
  expect(before).toEqual(["device publish", "gateway commit", "alert evaluate"]);
  expect(spans.map(({ name }) => name)).toEqual([...before, "alert publish"]);
  const [publish, commit, evaluate, stored] = spans;
  expect(publish).toMatchObject({ parent: null, startMs: ALERT.atMs, endMs: ALERT.receivedAtMs });
  expect(publish!.attributes["skerry.trace.why"]).toBe("alert");
  expect(commit!.parent).toBe(publish!.spanId);
  expect(evaluate!.parent).toBe(publish!.spanId);
  expect(stored).toMatchObject({ parent: evaluate!.spanId, endMs: PUBLISHED_MS });
  // Whoever tells people of it goes on from there.
  expect(carried).toBe(`00-${publish!.traceId}-${stored!.spanId}-01`);
});

test("an alert of a traced reading continues its trace", () => {
  const { spans, carried } = trace(TRACEPARENT);
  expect(spans.map(({ name, traceId }) => [name, traceId])).toEqual([
    ["alert evaluate", TRACE],
    ["alert publish", TRACE],
  ]);
  expect(spans[0]!.parent).toBe("b7ad6b7169203331");
  expect(carried).toContain(TRACE);
});

test("with tracing off an alert carries on what its reading carries", () => {
  const open = (traceparent: string | null) =>
    alertsOfFrame(NO_TRACING, frameOf(traceparent), TIMES)(ALERT);
  expect(open(TRACEPARENT)!.traceparent).toBe(TRACEPARENT);
  expect(open(null)).toBeNull();
  expect(alertsOfNobody(NO_TRACING)(ALERT)).toBeNull();
});

test("an alert that no reading made begins a trace of its own", () => {
  const { tracing, spans } = recordedTracing(0);
  const open = alertsOfNobody(tracing)(ALERT)!;
  open.end(Date.now());
  const [only, ...more] = spans();
  expect(more).toEqual([]);
  expect(only).toMatchObject({ name: "alert publish", parent: null });
  expect(only!.attributes).toMatchObject({
    ...{ "skerry.trace.why": "alert", "skerry.rule": ALERT.rule, "skerry.alert.key": ALERT.key },
  });
  expect(open.traceparent).toBe(`00-${only!.traceId}-${only!.spanId}-01`);
});
