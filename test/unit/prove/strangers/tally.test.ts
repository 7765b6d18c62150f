// Goal: what strangers were acknowledged is there, and nothing is that they did not send: each bound of the tally can fail.
import { expect, test } from "vitest";
import type { Evidence } from "../../../prove/strangers/stranger.ts";
import type { Fate, Sent } from "../../../prove/strangers/sent.ts";
import { tallyOf } from "../../../prove/strangers/tally.ts";

const MS = Date.UTC(2026, 0, 1);
const TIME = new Date(MS).toISOString();

const reading = (by: "content" | "place" | "memory", value = 1): Fate => ({
  becomes: "reading",
  device: "d",
  contract: "c",
  ms: by === "content" ? MS : null,
  values: { value },
  by,
});
const reject: Fate = { becomes: "reject", device: "d", reason: "not_json" };

const sent = (fate: Fate, of: Partial<Sent> = {}): Sent => ({
  region: "eu",
  topic: "t",
  payload: "x",
  fates: [fate],
  attempts: 1,
  answer: 0,
  ...of,
});

const UNANSWERED = { answer: null };
const point = (value: unknown = 1, time = TIME) => ({
  time,
  region: "eu",
  device: "d",
  value: value as number,
  absent: null,
});

function wrongOf(
  all: readonly Sent[],
  there: { points?: readonly ReturnType<typeof point>[]; rejects?: number; restarts?: number },
): readonly string[] {
  const { points = [], rejects = 0, restarts = 0 } = there;
  const kept = { reason: "not_json", device: "d", topic: "t", payload: btoa("x") };
  const evidence = {
    points: () => points,
    rejects: { eu: Array.from({ length: rejects }, () => kept), us: [] },
    alerts: { eu: [], us: [] },
    heard: () => [],
    gatewayRestarts: { eu: restarts, us: 0 },
    outages: [],
  } as unknown as Evidence;
  return tallyOf(all, evidence).wrong;
}

test("a reading that was acknowledged and is not there is missing", () => {
  expect(wrongOf([sent(reading("content"))], { points: [point()] })).toEqual([]);
  expect(wrongOf([sent(reading("content"))], {})).toEqual([
    `eu/c/d: 1 missing, the first [${MS},["value",1]]`,
  ]);
  expect(wrongOf([sent(reading("place"))], {})).toHaveLength(1);
});

test("a reading that was not acknowledged may be there, once", () => {
  const one = [sent(reading("content"), UNANSWERED)];
  expect(wrongOf(one, {})).toEqual([]);
  expect(wrongOf(one, { points: [point()] })).toEqual([]);
  expect(wrongOf(one, { points: [point(), point()] })[0]).toContain("1 too many");
});

test("one reading in two spellings is one", () => {
  const two = [sent(reading("content")), sent(reading("content"), { payload: "y" })];
  expect(wrongOf(two, { points: [point()] })).toEqual([]);
  expect(wrongOf(two, { points: [point(), point()] })[0]).toContain("1 too many");
});

test("equal readings without identity are as many as were acknowledged, and at most as many as went out", () => {
  const pulses = [sent(reading("place")), sent(reading("place"), { attempts: 3 })];
  expect(wrongOf(pulses, { points: [point()] })[0]).toContain("1 missing");
  for (const count of [2, 3, 4])
    expect(wrongOf(pulses, { points: Array.from({ length: count }, () => point()) })).toEqual([]);
  const five = Array.from({ length: 5 }, () => point());
  expect(wrongOf(pulses, { points: five })[0]).toContain("1 too many");
});

test("what a bridge repeats is none, but for one after each restart of its gateway", () => {
  const repeated = [sent(reading("place")), sent(reading("memory")), sent(reading("memory"))];
  const points = [point(), point()];
  expect(wrongOf(repeated, { points: [point()] })).toEqual([]);
  expect(wrongOf(repeated, { points })[0]).toContain("1 too many");
  // Each repetition may be the first after a restart.
  expect(wrongOf(repeated, { points, restarts: 1 })).toEqual([]);
});

test("a point that nobody sent is unknown, by value and by time", () => {
  const one = [sent(reading("content"))];
  expect(wrongOf(one, { points: [point(), point(2)] })[0]).toContain("1 unknown");
  const later = point(1, new Date(MS + 1).toISOString());
  expect(wrongOf(one, { points: [point(), later] })[0]).toContain("1 unknown");
});

test("junk that was acknowledged is kept with its reason", () => {
  expect(wrongOf([sent(reject)], { rejects: 1 })).toEqual([]);
  expect(wrongOf([sent(reject)], {})[0]).toContain("rejects of eu/d: 1 missing");
  expect(wrongOf([sent(reject)], { rejects: 2 })[0]).toContain("1 too many");
  const other: Fate = { becomes: "reject", device: "d", reason: "too_large" };
  expect(wrongOf([sent(other)], { rejects: 1 })).toHaveLength(2);
});

test("a good reading whose sender hears that it was refused is wrong", () => {
  const one = [sent(reading("content"), { answer: 0x99 })];
  expect(wrongOf(one, { points: [point()] })[0]).toContain("1 good readings refused");
});
