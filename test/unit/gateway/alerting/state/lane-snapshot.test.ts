import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { LaneClock } from "../../../../../gateway/alerting/lane/lane-clock.ts";
import {
  restoreSnapshot,
  takeSnapshot,
} from "../../../../../gateway/alerting/state/lane-snapshot.ts";
import { AppError } from "../../../../../platform/runtime/errors.ts";
import { LaneUnderTest, STILL, brief } from "../../../../support/lane-frames.ts";
import { START_MS, catalog, room } from "../../../../support/room-lane.ts";

/** A snapshot that the program of the format wrote: rules high, both, often, then and gone, two frames. */
const FORMAT_2 = JSON.parse(readFileSync(join(import.meta.dirname, "format-2.json"), "utf8")) as {
  rules: string;
  presence: string;
  clock: LaneClock;
};
const LANE = { region: "eu", partition: 0 };

const restored = () => {
  const { rules, presence, clock } = FORMAT_2;
  const snapshot = {
    rules: Buffer.from(rules, "base64"),
    presence: Buffer.from(presence, "base64"),
    clock,
  };
  return restoreSnapshot(snapshot, { lane: LANE, catalog, stopwatch: STILL });
};

test("a snapshot of the format before is read: alerts, memories and windows go on", () => {
  const under = new LaneUnderTest(catalog, []);
  under.rules = restored();
  expect(brief(under.frame(START_MS + 2_000, room("s", 30)))).toEqual(["both s firing"]);
  expect(brief(under.frame(START_MS + 3_000, room("r", 1)))).toEqual([
    "high r resolved",
    "then r firing",
  ]);
  const alerts: string[] = [];
  for (let at = 4; at <= 40; at++) alerts.push(...brief(under.frame(START_MS + at * 1_000)));
  expect(alerts).toEqual(["often r resolved"]);
});

test("what was read of it is written in the format of today", () => {
  const today = takeSnapshot(restored());
  const again = restoreSnapshot(today, { lane: LANE, catalog, stopwatch: STILL });
  expect(takeSnapshot(again)).toEqual(today);
});

test("the snapshot of a newer program is refused as such, so that what it knows is not given up", () => {
  const snapshot = takeSnapshot(restored());
  const rules = Buffer.from(
    Buffer.from(snapshot.rules).toString("latin1").replace('"format":3', '"format":9'),
    "latin1",
  );
  const read = () =>
    restoreSnapshot({ ...snapshot, rules }, { lane: LANE, catalog, stopwatch: STILL });
  expect(read).toThrow("format 9, and this program reads 3: upgrade the program");
  expect(read).toThrow(AppError);
});

test("what many rules know alike is written for each of them", () => {
  const sequence = {
    kind: "sequence",
    version: 1,
    first: { contract: "room", when: "co2 > 10.0" },
    then: { contract: "room", when: "co2 > 90.0" },
    within: "1m",
  } as const;
  const absence = { kind: "absence", version: 1, contract: "room" } as const;
  const under = new LaneUnderTest(catalog, [
    { id: "then", ...sequence },
    { id: "then2", ...sequence, within: "2m" },
    { id: "gone", ...absence, for: "5s" },
    { id: "gone2", ...absence, for: "1h" },
    { id: "gone3", ...absence, for: "2h" },
  ]);
  under.frame(START_MS, room("a", 20), room("b", 30));
  // One of those that wait for the same keys waits for a no more.
  for (let at = 1; at <= 10; at++) under.frame(START_MS + at * 1_000, room("b", 30));
  const taken = takeSnapshot(under.rules);
  const again = restoreSnapshot(taken, { lane: LANE, catalog, stopwatch: STILL });
  for (const [id, { slots, silent }] of under.rules.rules.states) {
    const state = again.rules.states.get(id)!;
    expect([id, ...state.slots]).toEqual([id, ...slots]);
    expect([id, ...state.silent.entries()]).toEqual([id, ...silent.entries()]);
  }
  expect([...again.rules.states.get("gone")!.silent.entries()]).toHaveLength(1);
  expect([...again.rules.states.get("gone2")!.silent.entries()]).toHaveLength(2);
  expect(again.rules.states.get("then2")!.slots.get("a")!.memory).toEqual(
    under.rules.rules.states.get("then")!.slots.get("a")!.memory,
  );
});

test("lanes that inherit go on as the lane before would have, each for its own keys, under the same names", () => {
  const frames = [
    [room("s", 30)],
    [room("r", 1)],
    ...Array.from({ length: 37 }, (): ReturnType<typeof room>[] => []),
  ];
  const alertsOf = (rules: ReturnType<typeof restored>, owns: (key: string) => boolean) => {
    const under = new LaneUnderTest(catalog, []);
    under.rules = rules;
    return frames.flatMap((readings, at) => {
      const own = readings.filter(({ device }) => owns(device));
      return under.frame(START_MS + (at + 2) * 1_000, ...own);
    });
  };
  const before = takeSnapshot(restored());
  const nameOf = ({ id, rule, key, state, seq }: (typeof whole)[number]) =>
    `${seq} ${rule} ${key} ${state} ${state === "resolved" ? id : ""}`;
  const whole = alertsOf(restored(), () => true);
  const heirs = [(key: string) => key === "s", (key: string) => key !== "s"].flatMap(
    (owns, partition) => {
      const lane = { ...LANE, partition: 1 + partition };
      const inherits = { parent: LANE.partition, owns };
      const rules = restoreSnapshot(before, { lane, catalog, stopwatch: STILL, inherits });
      return alertsOf(rules, owns);
    },
  );
  expect(heirs.map(nameOf).sort()).toEqual(whole.map(nameOf).sort());
  expect(whole.map(({ state }) => state)).toContain("resolved");
});
