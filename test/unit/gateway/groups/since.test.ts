// Goal: the beginning that a subscriber asks for is understood, or refused with what would be right.
import { expect, test } from "vitest";
import { sinceMs } from "../../../../gateway/groups/since.ts";

test.each([
  [undefined, null],
  ["now", null],
  ["beginning", -Infinity],
  ["2026-11-28T06:00:00Z", Date.UTC(2026, 10, 28, 6)],
  ["2026-11-28T06:00:00+01:00", Date.UTC(2026, 10, 28, 5)],
])("%s", (text, expected) => {
  expect(sinceMs(text)).toBe(expected);
});

test.each(["", "yesterday", "2026-11-28", "1794100295416"])("%s is no beginning", (text) => {
  expect(() => sinceMs(text)).toThrow(`since is "${text}"`);
});
