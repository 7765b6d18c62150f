import fc from "fast-check";
import { expect, test } from "vitest";
import { epochTimeMs, likelyUnit } from "../../../../gateway/ingest/epoch-time.ts";

test.each([
  ["epoch_s", 1_794_100_295, 1_794_100_295_000],
  ["epoch_s", 1_657_878_122.44, 1_657_878_122_440],
  ["epoch_s", 1_794_100_295.9999, 1_794_100_295_999],
  ["epoch_s", "1794100295", 1_794_100_295_000],
  ["epoch_s", " 1794100295,416 ", 1_794_100_295_416],
  ["epoch_s", "1794100295.4169", 1_794_100_295_416],
  ["epoch_s", "1.794100295e9", 1_794_100_295_000],
  ["epoch_ms", 1_794_100_295_416, 1_794_100_295_416],
  ["epoch_ms", 1_794_100_295_416.75, 1_794_100_295_416],
  ["epoch_ms", "1794100295416", 1_794_100_295_416],
  ["epoch_us", 1_794_100_295_416_999, 1_794_100_295_416],
  ["epoch_us", "1794100295417000", 1_794_100_295_417],
  ["epoch_ns", "1794100295416999999", 1_794_100_295_416],
  ["epoch_ns", "1794100295417000000", 1_794_100_295_417],
  ["epoch_ns", 1794100295417000000, 1_794_100_295_417],
  ["epoch_ns", 0, 0],
  ["epoch_ns", "999999", 0],
  ["epoch_ms", -0.5, -1],
  ["epoch_s", "-1.0001", -1001],
] as const)("%s %s", (format, value, expected) => {
  expect(epochTimeMs(value, format)).toBe(expected);
});

test.each([null, true, "", "now", "0x10", "1 2", [], {}, Number.NaN, "9".repeat(60), "12:00"])(
  "%j is no epoch",
  (value) => {
    expect(epochTimeMs(value, "epoch_s")).toBeNaN();
  },
);

test("every millisecond of a century is itself in every unit, as number and as text", () => {
  const times = fc.integer({ min: Date.UTC(1990, 0), max: Date.UTC(2090, 0) });
  fc.assert(
    fc.property(times, fc.integer({ min: 0, max: 999_999 }), (ms, under) => {
      expect(epochTimeMs(ms / 1000, "epoch_s")).toBe(ms);
      expect(epochTimeMs(ms, "epoch_ms")).toBe(ms);
      expect(epochTimeMs(ms * 1000, "epoch_us")).toBe(ms);
      expect(epochTimeMs(Number(`${ms}000000`), "epoch_ns")).toBe(ms);
      expect(epochTimeMs(`${ms}${String(under).padStart(6, "0")}`, "epoch_ns")).toBe(ms);
    }),
  );
});

test("a number in another unit is known by the time that it would be", () => {
  const nowMs = Date.UTC(2026, 10, 26);
  expect(likelyUnit(1_794_100_295, "epoch_ms", nowMs)).toBe("seconds");
  expect(likelyUnit(1_794_100_295_416, "epoch_s", nowMs)).toBe("milliseconds");
  expect(likelyUnit(1_794_100_295_416_000, "epoch_ms", nowMs)).toBe("microseconds");
  expect(likelyUnit("1794100295416000000", "epoch_ms", nowMs)).toBe("nanoseconds");
  expect(likelyUnit(1_794_100_295_416, "epoch_ms", nowMs)).toBeNull();
  expect(likelyUnit(12, "epoch_ms", nowMs)).toBeNull();
});
