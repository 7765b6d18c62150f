import { expect, test } from "vitest";
import { TraceStore } from "../../../../../cloud/console/traces/trace-store.ts";

const id = (n: number, chars: number): string => n.toString(16).padStart(chars, "0");

const exported = (trace: number, spans: object[], service = "skerry-gateway") => ({
  resourceSpans: [
    {
      resource: { attributes: [{ key: "service.name", value: { stringValue: service } }] },
      scopeSpans: [{ spans: spans.map((span) => ({ traceId: id(trace, 32), ...span })) }],
    },
  ],
});

const span = (n: number, parent: number | null, startMs: number, endMs: number) => ({
  spanId: id(n, 16),
  ...(parent === null ? {} : { parentSpanId: id(parent, 16) }),
  name: `span ${n}`,
  startTimeUnixNano: `${startMs}000000`,
  endTimeUnixNano: `${endMs}000000`,
});

test("spans of several processes are one trace, in the order of time", () => {
  const store = new TraceStore();
  expect(store.take(exported(1, [span(2, 1, 1_010, 1_020)], "skerry-aggregator"))).toBe(1);
  store.take(exported(1, [span(1, null, 1_000, 1_005)]));
  expect(store.get(id(1, 32))!.map(({ name }) => name)).toEqual(["span 1", "span 2"]);
  expect(store.find({ search: "aggregator", limit: 10 })).toMatchObject([
    { name: "span 1", startMs: 1_000, durationMs: 20, spans: 2 },
  ]);
  expect(store.find({ search: "elsewhere", limit: 10 })).toEqual([]);
});

test("a thousand traces are kept, the longest silent goes; what is no span costs nothing", () => {
  const store = new TraceStore();
  for (let n = 1; n <= 1_001; n++) store.take(exported(n, [span(1, null, n, n)]));
  expect(store.get(id(1, 32))).toBeNull();
  expect(store.get(id(2, 32))).toHaveLength(1);
  for (const junk of [null, {}, { resourceSpans: [{}] }, exported(3, [{ spanId: "x" }])])
    expect(store.take(junk)).toBe(0);
});

test("however much is sent, only so much is kept: the longest silent traces go", () => {
  const store = new TraceStore();
  const stringValue = "x".repeat(1_000);
  const attributes = Array.from({ length: 60 }, (_, at) => ({
    key: `k${at}`,
    value: { stringValue },
  }));
  const large = (n: number) => ({ ...span(n, null, n, n), attributes });
  for (let n = 1; n <= 20; n++)
    store.take(
      exported(
        n,
        Array.from({ length: 50 }, (_, at) => large(at + 1)),
      ),
    );
  expect(store.get(id(20, 32))).toHaveLength(50);
  expect(store.get(id(1, 32))).toBeNull();
  const kept = store.find({ search: "", limit: 100 });
  expect(kept.length * 50 * 60_000).toBeLessThanOrEqual(32 * 1024 ** 2);
  // A span that is sent again takes no more room.
  for (let n = 0; n < 50; n++) store.take(exported(20, [large(1)]));
  expect(store.find({ search: "", limit: 100 })).toHaveLength(kept.length);
});
