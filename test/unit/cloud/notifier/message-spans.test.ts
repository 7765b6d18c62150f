import { expect, test } from "vitest";
import { TRACED_PER_MESSAGE, openAttempt } from "../../../../cloud/notifier/message-spans.ts";
import { makeMessage } from "../../../../cloud/notifier/message.ts";
import type { Alert } from "../../../../contracts/messages/alert.ts";
import { NO_TRACING } from "../../../../otel/tracing.ts";
import { anAlert } from "../../../support/an-alert.ts";
import { recordedTracing } from "../../../support/recorded-spans.ts";

const OF = { channel: "ops", region: "eu" };
const SPEC = {
  kind: "webhook",
  name: "ops",
  url: "http://127.0.0.1/",
  format: "json",
  groupMs: 0,
  ratePerMinute: 1,
  giveUpAfterMs: 1,
} as const;
const CHANNEL = { spec: SPEC };
const START_MS = 10_000;
const traceOf = (n: number): string => String(n).padStart(32, "a");
const traceparentOf = (n: number): string => `00-${traceOf(n)}-b7ad6b7169203331-01`;

const messageOf = (alerts: readonly Alert[], storedMs: readonly number[] = []) =>
  makeMessage(OF, { kind: "digest", seqs: alerts.map((_, at) => at + 1) }, alerts, storedMs)!;

function attempt(message: ReturnType<typeof messageOf>, number = 1) {
  const { tracing, spans } = recordedTracing(0);
  return { spans, attempt: openAttempt(tracing, message, CHANNEL, { number, startMs: START_MS }) };
}

test("telling goes on with the alert's trace: the wait, the attempt, and what the receiver gets", () => {
  const alert = anAlert({ traceparent: traceparentOf(1) });
  const { spans, attempt: open } = attempt(messageOf([alert], [9_000]));
  open.ended({ kind: "delivered" }, START_MS + 50);
  const [wait, deliver] = spans();
  expect(wait).toMatchObject({
    ...{ name: "notifier wait", traceId: traceOf(1), parent: "b7ad6b7169203331" },
    ...{ startMs: 9_000, endMs: START_MS },
  });
  expect(deliver).toMatchObject({
    ...{ name: "notifier deliver", traceId: traceOf(1), parent: "b7ad6b7169203331" },
    ...{ startMs: START_MS, endMs: START_MS + 50, error: undefined },
    attributes: { "skerry.channel": "ops", "skerry.outcome": "delivered", "skerry.attempt": 1 },
  });
  expect(open.traceparent).toBe(`00-${traceOf(1)}-${deliver!.spanId}-01`);
});

test("a retry that fails is a span with its reason, and so is giving up; it waits no second time", () => {
  const alert = anAlert({ traceparent: traceparentOf(1) });
  const { spans, attempt: open } = attempt(messageOf([alert], [9_000]), 3);
  open.ended({ kind: "refused", reason: "HTTP 410" }, START_MS + 50);
  open.gaveUp("HTTP 410", START_MS + 50, START_MS + 60);
  const [deliver, gaveUp, ...more] = spans();
  expect(more).toEqual([]);
  expect(deliver).toMatchObject({ name: "notifier deliver", error: "HTTP 410" });
  expect(deliver!.attributes).toMatchObject({ "skerry.outcome": "refused", "skerry.attempt": 3 });
  expect(gaveUp).toMatchObject({ name: "notifier give up", parent: deliver!.spanId });
});

test("a message about many alerts is in the traces of the most severe, so many at most", () => {
  const alerts = Array.from({ length: 50 }, (_, at) =>
    anAlert({
      key: `room-${at}`,
      severity: at === 49 ? "critical" : "info",
      ...(at < 10 ? {} : { traceparent: traceparentOf(at) }),
    }),
  );
  const { spans, attempt: open } = attempt(messageOf(alerts));
  open.ended({ kind: "delivered" }, START_MS);
  expect(spans()).toHaveLength(TRACED_PER_MESSAGE);
  expect(open.traceparent).toContain(traceOf(49));
});

test("an alert without a trace begins one; what is no trace context is not handed on", () => {
  for (const bad of [undefined, "no\r\nX-Evil: 1", traceparentOf(1).replace(/01$/, "00")]) {
    const alert = anAlert(bad === undefined ? {} : { traceparent: bad });
    const { spans, attempt: open } = attempt(messageOf([alert], [9_000]));
    open.ended({ kind: "delivered" }, START_MS);
    expect(spans()).toMatchObject([{ name: "notifier deliver", parent: null }]);
    expect(spans()[0]!.attributes["skerry.trace.why"]).toBe("alert");
    const off = openAttempt(NO_TRACING, messageOf([alert]), CHANNEL, { number: 1, startMs: 0 });
    expect(off.traceparent).toBeNull();
  }
});

test("with tracing off the receiver gets the alert's own context", () => {
  const message = messageOf([anAlert({ traceparent: traceparentOf(1) })]);
  const off = openAttempt(NO_TRACING, message, CHANNEL, { number: 1, startMs: 0 });
  expect(off.traceparent).toBe(traceparentOf(1));
});
