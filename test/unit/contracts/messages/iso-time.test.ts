import fc from "fast-check";
import { expect, test } from "vitest";
import {
  isWithoutZone,
  isoFault,
  isoTimeMs,
  isoWallMs,
} from "../../../../contracts/messages/iso-time.ts";

const NOON_MS = Date.UTC(2026, 0, 31, 12);

test.each([
  ["2026-01-31T12:00:00Z", 0],
  ["2026-01-31T12:00Z", 0],
  ["2026-01-31t12:00:00z", 0],
  ["2026-01-31 12:00:00Z", 0],
  ["2026-01-31T12:00:00.5Z", 500],
  ["2026-01-31T12:00:00,5Z", 500],
  ["2026-01-31T12:00:00,123456789Z", 123],
  ["2026-01-31T12:00:00.999999Z", 999],
  ["2026-01-31T13:00:00+01:00", 0],
  ["2026-01-31T13:00:00+0100", 0],
  ["2026-01-31T13:00:00+01", 0],
  ["2026-01-31T13:00:00,250+01", 250],
  ["2026-01-31T06:30:00-05:30", 0],
  ["2026-01-31T06:30-0530", 0],
  ["2026-02-01T00:00:00+12:00", 0],
  ["2026-01-31T24:00:00+12:00", 0],
])("%s is read", (text, afterNoonMs) => {
  expect(isoTimeMs(text)).toBe(NOON_MS + afterNoonMs);
  expect(isoFault(text)).toBeNull();
});

test.each([
  ["2026-02-30T12:00:00Z", "a day that does not exist: February 2026 has 28 days"],
  ["2026-02-29T12:00:00Z", "February 2026 has 28 days"],
  ["2100-02-29T12:00:00Z", "February 2100 has 28 days"],
  ["2026-04-31T12:00:00Z", "April 2026 has 30 days"],
  ["2026-01-00T12:00:00Z", "January 2026 has 31 days"],
  ["2026-13-01T12:00:00Z", "a month 13"],
  ["2026-00-01T12:00:00Z", "a month 00"],
  ["2026-01-31T25:00:00Z", "an hour 25"],
  ["2026-01-31T24:00:01Z", "after the end of its day"],
  ["2026-01-31T24:00:00.001Z", "after the end of its day"],
  ["2026-01-31T12:60:00Z", "a minute 60"],
  ["2016-12-31T23:59:60Z", "leap seconds are not taken"],
  ["2026-01-31T12:00:61Z", "a second 61"],
  ["2026-01-31T12:00:00+24:00", "a zone that cannot be: +24:00"],
  ["2026-01-31T12:00:00+01:60", "a zone that cannot be: +01:60"],
  ["2026-01-31", "is not ISO 8601"],
  ["yesterday", "is not ISO 8601"],
  ["1794100295416", "is not ISO 8601"],
  ["2026-01-31T12:00:00 Europe/Berlin", "is not ISO 8601"],
  ["", "is not ISO 8601"],
])("%s is no time, and no other day or hour", (text, why) => {
  expect(isoTimeMs(text)).toBeNaN();
  expect(isoFault(text)).toContain(why);
});

test("a time without a zone is wall time, and no instant", () => {
  expect(isoTimeMs("2026-01-31 12:00:00,5")).toBeNaN();
  expect(isoWallMs("2026-01-31 12:00:00,5")).toBe(NOON_MS + 500);
  expect(isWithoutZone("2026-01-31T12:00")).toBe(true);
  expect(isWithoutZone("2026-01-31T12:00Z")).toBe(false);
  expect(isWithoutZone("12:00")).toBe(false);
});

test("every time that Date can write is read as Date reads it", () => {
  const times = fc.date({
    min: new Date("0000-01-01T00:00:00Z"),
    max: new Date("9999-12-31T23:59:59.999Z"),
    noInvalidDate: true,
  });
  fc.assert(
    fc.property(times, (date) => {
      expect(isoTimeMs(date.toISOString())).toBe(date.getTime());
    }),
  );
});

test("whatever text comes: a time with no fault, or a fault", () => {
  const near = fc.stringMatching(
    /^20\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d([.,]\d{1,3})?(Z|[+-]\d\d:\d\d)$/,
  );
  fc.assert(
    fc.property(fc.oneof(fc.string(), near), (text) => {
      expect(Number.isNaN(isoTimeMs(text))).toBe(isoFault(text) !== null || isWithoutZone(text));
    }),
  );
});
