import { expect, test } from "vitest";

interface Span {
  fromMs: number;
  untilMs: number;
  follows: string | null;
}
type Change = { from: number; until: number; span: null };
// The page is JavaScript as browsers run it, without types.
const path: string = "../../../../../../cloud/console/page/explore/span.js";
const { spanOf, zoomedOut, moved } = (await import(path)) as {
  spanOf: (query: Record<string, string>, nowMs: number) => Span;
  zoomedOut: (span: Span, nowMs: number) => Change;
  moved: (span: Span, part: number, nowMs: number) => Change;
};

const NOW = 10_000_000;
const HOUR = 3_600_000;

test("a span is named by its length and follows the clock, or stands still between its ends", () => {
  expect(spanOf({}, NOW)).toEqual({ fromMs: NOW - HOUR, untilMs: NOW, follows: "1h" });
  expect(spanOf({ span: "10m" }, NOW)).toMatchObject({ fromMs: NOW - 600_000, follows: "10m" });
  expect(spanOf({ from: "5000", until: "9000", span: "10m" }, NOW)).toEqual({
    ...{ fromMs: 5_000, untilMs: 9_000, follows: null },
  });
});

test("an address that names no span shows the last hour", () => {
  for (const query of [{ from: "9", until: "8" }, { from: "x", until: "y" }, { span: "3w" }])
    expect(spanOf(query, NOW).follows).toBe("1h");
});

test("zooming out doubles the span around its middle, and never shows the future", () => {
  const span = { fromMs: 2_000_000, untilMs: 4_000_000, follows: null };
  expect(zoomedOut(span, NOW)).toEqual({ from: 1_000_000, until: 5_000_000, span: null });
  expect(zoomedOut(span, 4_000_000)).toEqual({ from: 0, until: 4_000_000, span: null });
});

test("a step is half a span, and the last one ends now", () => {
  const span = { fromMs: 2_000_000, untilMs: 4_000_000, follows: null };
  expect(moved(span, -0.5, NOW)).toMatchObject({ from: 1_000_000, until: 3_000_000 });
  expect(moved(span, 0.5, 4_200_000)).toMatchObject({ from: 2_200_000, until: 4_200_000 });
});
