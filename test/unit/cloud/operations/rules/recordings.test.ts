import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseRules } from "../../../../../contracts/rules/rule.ts";
import { alertsOver, readRecording } from "../../../../../cloud/operations/rules/recordings.ts";
import { START_MS, catalog } from "../../../../support/room-lane.ts";
import { temporaryDirectory } from "../../../../support/temporary-directory.ts";

/** Alerts over readings at seconds after the start, as `rule key state second`. */
async function over(
  rules: readonly object[],
  readings: readonly (readonly [second: number, device: string, co2: number, arrival?: number])[],
): Promise<{ alerts: string[]; late: number }> {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, "readings.jsonl");
  const lines = readings.map(([second, device, co2, arrival = second]) => {
    const payload = { ts: START_MS + second * 1_000, co2 };
    const receivedAtMs = START_MS + arrival * 1_000;
    return JSON.stringify({ device, contract: "room", payload, receivedAtMs });
  });
  await writeFile(file, lines.join("\n"));
  const recordings = await readRecording(file, catalog);
  const { alerts, late } = alertsOver(recordings, parseRules(rules), catalog);
  const told = alerts.map(({ rule, key, state, receivedAtMs }) => {
    return `${rule} ${key} ${state} ${Math.round((receivedAtMs - START_MS) / 1_000)}`;
  });
  return { alerts: told, late };
}

const absence = { id: "gone", version: 1, kind: "absence", contract: "room", for: "40s" };
const often = { id: "often", version: 1, kind: "frequency", contract: "room", moreThan: 1 };

// A frame's readings are taken with the clock before it, so a silence may be told of a second early.
test("gaps in a recording are silences, from the last reading on, though no gateway says that time passed", async () => {
  const readings = [0, 10, 20, 85, 95, 159, 160].map((at) => [at, "pump", 1] as const);
  const { alerts } = await over([absence], readings);
  expect(alerts).toEqual([
    "gone pump firing 59",
    "gone pump resolved 85",
    "gone pump firing 134",
    "gone pump resolved 159",
  ]);
});

test("of two devices the one that stops is missed while the other goes on", async () => {
  const readings = Array.from({ length: 100 }, (_, at) => [at, "a", 1] as const);
  const { alerts } = await over([absence], [[5, "b", 1], ...readings]);
  expect(alerts).toEqual(["gone b firing 44"]);
});

test("a gap of a year ends what waits within it, and takes no year", async () => {
  const year = 365 * 24 * 3_600;
  const rules = [absence, { ...often, over: "30s" }];
  const { alerts } = await over(rules, [
    [0, "a", 1],
    [1, "a", 1],
    [year, "a", 1],
  ]);
  expect(alerts).toEqual([
    "often a firing 1",
    "often a resolved 30",
    "gone a firing 40",
    `gone a resolved ${year}`,
  ]);
});

test("what came late in a recording is evaluated apart, as in the region", async () => {
  const rule = { id: "high", version: 1, kind: "threshold", contract: "room", when: "co2 > 9" };
  const { alerts, late } = await over(
    [rule],
    [
      [100, "a", 1],
      [20, "a", 10, 101],
      [30, "a", 1, 102],
    ],
  );
  expect(alerts).toEqual(["high a firing 101", "high a resolved 102"]);
  expect(late).toBe(2);
});

test("a reading of a version that nobody knows is refused with its line", async () => {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, "readings.jsonl");
  const reading = { device: "a", contract: "room", version: 9, receivedAtMs: 1, payload: {} };
  await writeFile(file, JSON.stringify(reading));
  await expect(readRecording(file, catalog)).rejects.toThrow(
    'readings.jsonl:1: version 9 of contract "room" is unknown',
  );
});
