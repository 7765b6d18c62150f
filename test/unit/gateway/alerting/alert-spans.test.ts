import { expect, test } from "vitest";
import type { FrameReading } from "../../../../contracts/messages/frame.ts";
import { traceAlerts } from "../../../../gateway/alerting/alert-spans.ts";
import { anAlert } from "../../../support/an-alert.ts";
import { recordedTracing } from "../../../support/recorded-spans.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const ALERT = anAlert({ index: 0 });
const TIMES = {
  storedMs: ALERT.receivedAtMs + 10,
  arrivedMs: ALERT.receivedAtMs + 20,
  evaluatedMs: ALERT.receivedAtMs + 21,
  publishedMs: ALERT.receivedAtMs + 25,
};

function trace(traceparent: string | null) {
  const { tracing, spans } = recordedTracing(0);
  const lines: Record<string, unknown>[] = [];
  const logger = { info: (fields: Record<string, unknown>) => void lines.push(fields) };
  const reading: FrameReading = {
    ...{ device: "room-1", contract: "environment", version: 1, payload: {} },
    ...{ receivedAtMs: ALERT.receivedAtMs, traceparent },
  };
  const header = { v: 1, gateway: "g", epoch: "e", n: 1, count: 1, total: 1, clock: 0 };
  const frame = { header, readings: [reading] };
  traceAlerts({ tracing, logger: logger as never }, [ALERT], frame, TIMES);
  return { spans: spans(), lines };
}

test("an alert gets a trace from the device on, though no share chose its reading", () => {
  const { spans, lines } = trace(null);
  expect(spans.map(({ name }) => name)).toEqual([
    "device publish",
    "gateway commit",
    "alert evaluate",
    "alert publish",
  ]);
  const [publish, commit, evaluate, stored] = spans;
  expect(publish).toMatchObject({ parent: null, startMs: ALERT.atMs, endMs: ALERT.receivedAtMs });
  expect(publish!.attributes["skerry.trace.why"]).toBe("alert");
  expect(commit!.parent).toBe(publish!.spanId);
  expect(evaluate!.parent).toBe(publish!.spanId);
  expect(stored).toMatchObject({ parent: evaluate!.spanId, endMs: TIMES.publishedMs });
  expect(lines).toEqual([
    {
      ...{ rule: ALERT.rule, key: ALERT.key, state: "firing" },
      ...{ trace_id: publish!.traceId, span_id: evaluate!.spanId },
    },
  ]);
});

test("an alert of a traced reading continues its trace", () => {
  const { spans, lines } = trace(`00-${TRACE}-b7ad6b7169203331-01`);
  expect(spans.map(({ name, traceId }) => [name, traceId])).toEqual([
    ["alert evaluate", TRACE],
    ["alert publish", TRACE],
  ]);
  expect(spans[0]!.parent).toBe("b7ad6b7169203331");
  expect(lines).toMatchObject([{ trace_id: TRACE }]);
});
