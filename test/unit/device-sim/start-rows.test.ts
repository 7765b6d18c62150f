import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { parseRooms } from "../../../device-sim/replay.ts";
import { CO2_EPISODE, alertStarts, forecast, startRows } from "../../../device-sim/start-rows.ts";

const DATA = join(import.meta.dirname, "../../../device-sim/data/uci-occupancy");
const co2 = ["datatest", "datatraining"].flatMap((name) =>
  parseRooms(readFileSync(join(DATA, `${name}.csv`), "utf8")).map(({ fields }) => fields.co2),
);
const RULE = { ...CO2_EPISODE, forMs: 10_000 };

test("the forecast is the rule: a dip restarts the 10 s, the alert holds down to 900", () => {
  const values = [
    950,
    ...Array<number>(5).fill(1100),
    1000,
    ...Array<number>(12).fill(1001),
    950,
    899,
  ];
  expect(forecast(values, 0, 1, RULE)).toEqual({
    startsAbove: false,
    aboveFromMs: 7_000,
    raisedAtMs: 17_000,
    clearedAtMs: 20_000,
  });
});

// Goal: whoever starts the simulator at an ordinary speed sees an alert come and go within 40 s.
// Method: play the rule over the real recording from each chosen start.
test.for(Array.from({ length: 50 }, (_, at) => at + 1))(
  "at %i rows per second an alert is raised and cleared within 35 s",
  (rowsPerSecond) => {
    const starts = alertStarts(co2, 6, rowsPerSecond);
    expect(new Set(starts).size).toBe(6);
    for (const start of starts) {
      const seen = forecast(co2, start, rowsPerSecond, RULE);
      expect(seen.raisedAtMs).not.toBeNull();
      expect(seen.clearedAtMs).toBeLessThanOrEqual(35_000);
      // One row per minute of office time: at 1 row/s no rise is short enough to be seen coming.
      if (rowsPerSecond > 1) expect(seen.startsAbove).toBe(false);
    }
  },
);

test("at the default speed different rises take turns, the room starting about 2 s before", () => {
  const seen = alertStarts(co2, 4, 10).map((start) => ({
    start,
    ...forecast(co2, start, 10, RULE),
  }));
  expect(new Set(seen.map(({ start, clearedAtMs }) => start + clearedAtMs! / 100)).size).toBe(4);
  for (const { aboveFromMs } of seen) expect(aboveFromMs).toBeLessThanOrEqual(6_000);
});

test("no start satisfies a flat recording, and every room still gets one of its own", () => {
  const flat = Array<number>(50).fill(400);
  const starts = startRows(flat, [true, true, false, false], 10);
  expect(new Set(starts).size).toBe(4);
});

test("every room starts at another row, whatever the fleet and its speed", () => {
  const recording = co2.slice(0, 600);
  fc.assert(
    fc.property(
      fc.array(fc.boolean(), { maxLength: 100 }),
      fc.integer({ min: 1, max: 50 }),
      (alerting, rowsPerSecond) => {
        const starts = startRows(recording, alerting, rowsPerSecond);
        expect(new Set(starts).size).toBe(alerting.length);
        for (const start of starts) expect(recording[start]).toBeDefined();
      },
    ),
    { numRuns: 20 },
  );
});
