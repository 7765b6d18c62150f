import { expect, test } from "vitest";

// The page is JavaScript as browsers run it, without types.
const path: string = "../../../../../../cloud/console/page/rules/silences.js";
const { silenceText } = (await import(path)) as {
  silenceText: (silence: object, nowMs: number) => string;
};

test("a window that begins once says when, one that comes again says its times", () => {
  const at = Date.UTC(2026, 2, 3, 4, 5, 6);
  const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" }).format(at);
  expect(silenceText({ cron: "6 5 4 3 3 * 2026", for: "2h" }, at)).toBe(
    `for 2h, once, from ${clock}`,
  );
  expect(silenceText({ cron: "0 2 * * *", for: "1h", timezone: "Europe/Berlin" }, at)).toBe(
    "for 1h, each time of 0 2 * * * (Europe/Berlin)",
  );
});
