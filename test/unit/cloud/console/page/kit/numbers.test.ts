import { expect, test } from "vitest";
import { bytes as bytesInSentences } from "../../../../../../cloud/operations/words.ts";

type Words = (value: number, nowMs?: number) => string;
// The page is JavaScript as browsers run it, without types.
const path: string = "../../../../../../cloud/console/page/kit/numbers.js";
const {
  ago,
  bytes,
  count,
  duration,
  exact,
  figure,
  minuteText,
  plural,
  rate,
  share,
  timeText,
  unbrokenParts,
  valueText,
} = (await import(path)) as Record<
  "bytes" | "count" | "duration" | "exact" | "figure" | "rate" | "share",
  Words
> &
  Record<"ago" | "timeText" | "minuteText", (atMs: number, nowMs: number) => string> & {
    plural: (value: number, one: string, many?: string) => string;
    unbrokenParts: (sentence: string) => string[];
    valueText: (value: unknown) => string;
  };

test.each([
  [0.012345, "0.0123"],
  [4.5678, "4.57"],
  [123.456, "123.5"],
  [1234.5, "1,235"],
  [8_412_776, "8,412,776"],
  [Number.NaN, "NaN"],
])("a glance at %f is %s", (value, words) => expect(figure(value)).toBe(words));

test.each([
  [21.533333333333335, "21.5333"],
  [0.1 + 0.2, "0.3"],
  [1_234_567.256, "1234567.26"],
  [-0.000123456789, "-0.000123457"],
  [0, "0"],
  [9_007_199_254_740_991, "9007199254740991"],
])("%f is as exact as it was measured: %s", (value, words) => expect(exact(value)).toBe(words));

test.each([
  [0.25, "0.25 ms"],
  [320, "320 ms"],
  [4_200, "4.2 s"],
  [61_000, "61 s"],
  [12 * 60_000, "12 min"],
  [200 * 60_000, "3 h 20 min"],
  [124 * 3_600_000, "5 d 4 h"],
  [-4_200, "−4.2 s"],
])("%d ms last %s", (ms, words) => expect(duration(ms)).toBe(words));

test("ages are now, then seconds, then longer; what is to come says so", () => {
  expect(ago(1_000, 2_000)).toBe("now");
  expect(ago(0, 12_300)).toBe("12 s ago");
  expect(ago(240_000, 0)).toBe("in 4 min");
});

test("counts, sizes, rates and shares have their units", () => {
  expect(count(8_412_776)).toBe("8,412,776");
  expect(plural(1, "reading")).toBe("1 reading");
  expect(plural(2, "series", "series")).toBe("2 series");
  expect(bytes(512)).toBe("512 B");
  for (const size of [0, 1_023, 1_536, 3.75 * 1024 ** 2, 1_023.4 * 1024, 4 * 1024 ** 3])
    expect(bytes(size), "one rounding for sentences and boxes").toBe(bytesInSentences(size));
  expect(bytes(1.5 * 1024 ** 3)).toBe("1.5 GiB");
  expect(rate(214.4)).toBe("214 /s");
  expect(rate(0.44)).toBe("0.4 /s");
  expect(share(0.1239)).toBe("12.4 %");
});

test("a time of another day says the day", () => {
  const noon = new Date(2026, 2, 4, 12, 30, 5).getTime();
  expect(timeText(noon, noon)).toBe("12:30:05");
  expect(minuteText(noon, noon)).toBe("12:30");
  const nextDay = noon + 86_400_000;
  expect(timeText(noon, nextDay)).toMatch(/^4 Mar.* 12:30:05$/);
  expect(minuteText(noon, nextDay)).toMatch(/^4 Mar.* 12:30$/);
});

test("any value of a payload is told in few characters", () => {
  expect([1.23456, "open", null, undefined, true, { a: [1] }].map(valueText)).toEqual([
    ...["1.23", "open", "none", "none", "true", '{"a":[1]}'],
  ]);
});

test("a number and its unit are one piece of a sentence", () => {
  const pieces = [
    "the log is ",
    "85 %",
    " full (1.0 of ",
    "3.8 MiB",
    "), down for ",
    "35 s",
    ", all 4 lanes",
  ];
  expect(unbrokenParts(pieces.join(""))).toEqual(pieces);
  expect(unbrokenParts("all 4 hubs")).toEqual(["all 4 hubs"]);
});
