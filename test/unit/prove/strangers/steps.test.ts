// Goal: what is and what came late are told apart, and an alert that is missing, wrong or slow is found.
import { expect, test } from "vitest";
import { type Known, stepsOf, wrongSteps } from "../../../prove/strangers/steps.ts";
import type { Evidence, Heard, Outage } from "../../../prove/strangers/stranger.ts";

const NOW = Date.UTC(2026, 0, 1);
const HOUR_MS = 3_600_000;
const isHot = (known: Known): boolean => Number(known["machine.temperature"]) > 500;

/** A reading that arrives at a second after NOW, and happened so long before. */
const reading = (second: number, temperature: number, ageMs = 0): Heard => ({
  contract: "machine",
  payload: { ts: NOW + second * 1_000 - ageMs, temperature },
  receivedAtMs: NOW + second * 1_000,
});

test("a buffer leaves the alert of now alone, and is told by itself", () => {
  const heard = [
    reading(1, 600),
    reading(2, 700, HOUR_MS),
    reading(3, 20, HOUR_MS),
    reading(4, 600),
    reading(5, 20),
  ];
  expect(stepsOf(heard, isHot)).toEqual([
    { state: "firing", late: false, atMs: NOW + 1_000 },
    { state: "firing", late: true, atMs: NOW + 2_000 - HOUR_MS },
    { state: "resolved", late: true, atMs: NOW + 3_000 - HOUR_MS },
    { state: "resolved", late: false, atMs: NOW + 5_000 },
  ]);
});

test("a minute is not late, and a millisecond more is", () => {
  const late = (ageMs: number) => stepsOf([reading(1, 600, ageMs)], isHot)![0]!.late;
  expect([late(60_000), late(60_001)]).toEqual([false, true]);
});

test("a reading that is sent again says nothing new", () => {
  const hot = reading(1, 600);
  expect(stepsOf([hot, reading(2, 20), { ...hot, receivedAtMs: NOW + 3_000 }], isHot)).toHaveLength(
    2,
  );
});

test("a field counts until another value of it comes", () => {
  const both = (known: Known): boolean => Number(known["a.x"]) > 1 && Number(known["a.y"]) > 1;
  const of = (second: number, fields: object): Heard => ({
    contract: "a",
    payload: { ts: NOW + second * 1_000, ...fields },
    receivedAtMs: NOW + second * 1_000,
  });
  const steps = stepsOf([of(1, { x: 2 }), of(2, { y: 2 }), of(3, { z: 0 }), of(4, { x: 0 })], both);
  expect(steps!.map(({ state, atMs }) => [state, (atMs - NOW) / 1_000])).toEqual([
    ["firing", 2],
    ["resolved", 4],
  ]);
});

test("after a long pause of what comes late this says nothing", () => {
  expect(stepsOf([reading(1, 600, HOUR_MS), reading(700, 600, HOUR_MS)], isHot)).toBeNull();
  expect(stepsOf([reading(1, 600, HOUR_MS), reading(700, 20)], isHot)).toBeNull();
});

const alert = (second: number, of: object = {}) => ({
  rule: "hot",
  key: "d",
  state: "firing",
  atMs: NOW + second * 1_000,
  receivedAtMs: NOW + second * 1_000,
  storeMs: NOW + second * 1_000 + 20,
  ...of,
});

function wrongOf(alerts: readonly object[], outages: readonly Outage[] = []): string[] {
  const evidence = {
    heard: () => [reading(1, 600)],
    alerts: { eu: alerts, us: [] },
    outages,
  } as unknown as Evidence;
  const of = { region: "eu" as const, device: "d", rule: "hot", contracts: ["machine"] };
  return wrongSteps(evidence, { ...of, holds: isHot });
}

test("an alert that is missing, or late though its reading was not, is wrong", () => {
  expect(wrongOf([alert(1)])).toEqual([]);
  expect(wrongOf([])[0]).toContain("1 steps missing");
  expect(wrongOf([alert(1, { late: true })])).toHaveLength(2);
});

test("an alert that takes long is wrong, unless something of its region was away", () => {
  const slow = [alert(1, { storeMs: NOW + 14_000 })];
  const outage = { region: "eu" as const, fromMs: NOW + 1_500, untilMs: NOW + 3_000 };
  expect(wrongOf(slow)[0]).toContain("the first 13000 ms");
  expect(wrongOf(slow, [outage])).toEqual([]);
  expect(wrongOf(slow, [{ ...outage, region: "us" }])).toHaveLength(1);
});
