import { expect, test } from "vitest";

interface Span {
  spanId: string;
  parentSpanId: string | null;
  startMs: number;
  endMs: number;
}
// The page is JavaScript as browsers run it, without types.
const path: string = "../../../../../../cloud/console/page/traces/waterfall.js";
const { waterfallOf } = (await import(path)) as {
  waterfallOf: (spans: Span[]) => {
    rows: { span: Span; depth: number; left: number; width: number }[];
    startMs: number;
    endMs: number;
  };
};

const span = (spanId: string, parentSpanId: string | null, startMs: number, endMs: number) => ({
  ...{ spanId, parentSpanId, startMs, endMs },
});
const shape = (spans: Span[]) =>
  waterfallOf(spans).rows.map((row) => `${" ".repeat(row.depth)}${row.span.spanId}`);

test("parents come before their children, children in the order of their beginnings", () => {
  const spans = [
    span("c", "b", 40, 50),
    span("d", "a", 20, 30),
    span("b", "a", 10, 60),
    span("a", null, 0, 100),
  ];
  expect(shape(spans)).toEqual(["a", " b", "  c", " d"]);
  const { rows, startMs, endMs } = waterfallOf(spans);
  expect({ startMs, endMs }).toEqual({ startMs: 0, endMs: 100 });
  expect(rows[2]).toMatchObject({ left: 0.4, width: 0.1 });
});

test("a span whose parent never came stands by itself, and spans in a circle are shown once", () => {
  expect(shape([span("b", "lost", 5, 6), span("a", null, 0, 1)])).toEqual(["a", "b"]);
  expect(shape([span("a", "b", 0, 1), span("b", "a", 0, 1)])).toEqual(["a", " b"]);
});

test("a trace that took no time is drawn as one", () => {
  expect(waterfallOf([span("a", null, 7, 7)]).rows).toMatchObject([{ left: 0, width: 0 }]);
});
