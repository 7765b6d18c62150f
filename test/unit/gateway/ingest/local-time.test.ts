// Exact instants on both sides of daylight saving, north and south, half hours and quarters of one.
import { expect, test } from "vitest";
import { isoTimeMs, isoWallMs } from "../../../../contracts/messages/iso-time.ts";
import { LocalTime } from "../../../../gateway/ingest/local-time.ts";

/** The instant, for a reading that arrives when it was made, or `arrivesAt`. */
const instant = (zone: string, wall: string, arrivesAt: string): string =>
  new Date(new LocalTime(zone).instantMs(isoWallMs(wall), isoTimeMs(arrivesAt))).toISOString();

const LATER = "2026-12-31T00:00:00Z";

test.each([
  // Berlin: 29 March 2026 at 01:00Z to summer time, 25 October at 01:00Z back.
  ["Europe/Berlin", "2026-01-15T12:00:00", "2026-01-15T11:00:00.000Z"],
  ["Europe/Berlin", "2026-07-15T12:00:00", "2026-07-15T10:00:00.000Z"],
  ["Europe/Berlin", "2026-03-29T01:59:59.999", "2026-03-29T00:59:59.999Z"],
  ["Europe/Berlin", "2026-03-29T03:00:00", "2026-03-29T01:00:00.000Z"],
  ["Europe/Berlin", "2026-10-25T01:59:59", "2026-10-24T23:59:59.000Z"],
  ["Europe/Berlin", "2026-10-25T03:00:00", "2026-10-25T02:00:00.000Z"],
  // New York: 8 March and 1 November.
  ["America/New_York", "2026-03-08T01:59:59", "2026-03-08T06:59:59.000Z"],
  ["America/New_York", "2026-03-08T03:00:00", "2026-03-08T07:00:00.000Z"],
  ["America/New_York", "2026-11-01T02:00:00", "2026-11-01T07:00:00.000Z"],
  // Sydney has summer time in January.
  ["Australia/Sydney", "2026-01-15T12:00:00", "2026-01-15T01:00:00.000Z"],
  ["Australia/Sydney", "2026-07-15T12:00:00", "2026-07-15T02:00:00.000Z"],
  // Lord Howe changes by half an hour: 5 April 2026 at 15:00Z the day before.
  ["Australia/Lord_Howe", "2026-01-15T12:00:00", "2026-01-15T01:00:00.000Z"],
  ["Australia/Lord_Howe", "2026-07-15T12:00:00", "2026-07-15T01:30:00.000Z"],
  ["Asia/Kolkata", "2026-01-15T12:00:00", "2026-01-15T06:30:00.000Z"],
  ["Asia/Kathmandu", "2026-01-15T12:00:00", "2026-01-15T06:15:00.000Z"],
  ["America/Sao_Paulo", "2026-01-15T12:00:00", "2026-01-15T15:00:00.000Z"],
  ["UTC", "2026-07-15T12:00:00", "2026-07-15T12:00:00.000Z"],
  ["Etc/UTC", "2026-07-15T12:00:00", "2026-07-15T12:00:00.000Z"],
  ["+01:00", "2026-07-15T12:00:00", "2026-07-15T11:00:00.000Z"],
  ["-03:30", "2026-07-15T12:00:00", "2026-07-15T15:30:00.000Z"],
])("%s, %s", (zone, wall, expected) => {
  expect(instant(zone, wall, LATER)).toBe(expected);
});

test("an hour that comes twice is right both times for a reading that is sent at once", () => {
  const both = [
    ["2026-10-25T00:30:00.000Z", "2026-10-25T00:30:02Z"],
    ["2026-10-25T01:30:00.000Z", "2026-10-25T01:30:02Z"],
    // A clock that is ahead by what is allowed, both times.
    ["2026-10-25T00:30:00.000Z", "2026-10-25T00:25:00Z"],
    ["2026-10-25T01:30:00.000Z", "2026-10-25T01:25:00Z"],
    // Sent later: the later hour.
    ["2026-10-25T01:30:00.000Z", "2026-10-26T00:00:00Z"],
  ] as const;
  for (const [expected, arrivesAt] of both)
    expect(instant("Europe/Berlin", "2026-10-25T02:30:00", arrivesAt)).toBe(expected);
  expect(instant("Australia/Lord_Howe", "2026-04-05T01:45:00", "2026-04-04T14:45:01Z")).toBe(
    "2026-04-04T14:45:00.000Z",
  );
  expect(instant("Australia/Lord_Howe", "2026-04-05T01:45:00", "2026-04-04T15:15:01Z")).toBe(
    "2026-04-04T15:15:00.000Z",
  );
});

test("an hour that is left out is read with the offset before it", () => {
  expect(instant("Europe/Berlin", "2026-03-29T02:30:00", LATER)).toBe("2026-03-29T01:30:00.000Z");
  expect(instant("America/New_York", "2026-03-08T02:00:00", LATER)).toBe(
    "2026-03-08T07:00:00.000Z",
  );
});

test("one clock over a year: every time of day is the instant that it shows", () => {
  for (const zone of ["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe"]) {
    const local = new LocalTime(zone);
    for (let ms = Date.UTC(2026, 0); ms < Date.UTC(2027, 0); ms += 195 * 60_000) {
      const zoned = Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(zone);
      const wallMs = ms + zoned.offsetNanoseconds / 1e6;
      expect(local.instantMs(wallMs, ms)).toBe(ms);
    }
  }
});
