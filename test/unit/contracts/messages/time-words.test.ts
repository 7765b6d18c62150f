import { expect, test } from "vitest";
import { spanInWords } from "../../../../contracts/messages/time-words.ts";

const [SECOND, MINUTE, HOUR, DAY] = [1_000, 60_000, 3_600_000, 86_400_000];

test.each([
  [0, "0 seconds"],
  [400, "0.4 seconds"],
  [SECOND, "1 second"],
  [1_001, "2 seconds"],
  [5 * MINUTE, "5 minutes"],
  [5 * MINUTE + 1, "5 minutes 1 second"],
  [59 * MINUTE + 59_999, "60 minutes"],
  [HOUR, "1 hour"],
  [3 * HOUR + 2 * MINUTE, "3 hours 2 minutes"],
  [7 * DAY, "7 days"],
  [7 * DAY + 1, "7 days 1 hour"],
  [8 * DAY, "8 days"],
  [400 * DAY, "400 days"],
  [400 * DAY + 1, "401 days"],
  [20_760 * DAY, "56.9 years"],
])("%i ms in words: %s", (ms, words) => {
  expect(spanInWords(ms)).toBe(words);
});

test("what is over a limit never reads like the limit", () => {
  for (const limit of [5 * MINUTE, HOUR, 12 * HOUR, 7 * DAY, 30 * DAY, 365 * DAY])
    expect(spanInWords(limit + 1)).not.toBe(spanInWords(limit));
});
