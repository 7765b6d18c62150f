// Goal: every message ends as a reading, knowingly ignored, or told as unknown; no two devices become one.
// Method: mixed traffic with the readings that a person would make of it; then payloads that lead astray.
import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { SCHEMAS_DIRECTORY, loadCatalog } from "../../../../../contracts/schema/catalog.ts";
import { Judge } from "../../../../../cloud/operations/learn/judge.ts";
import { catalogWith, propose } from "../../../../../cloud/operations/learn/propose.ts";
import { readRecording } from "../../../../../cloud/operations/learn/recording.ts";
import type { Sample } from "../../../../../cloud/operations/learn/sample.ts";
import { loadMappings } from "../../../../../gateway/ingest/load-mappings.ts";
import {
  inWords,
  mixedTraffic,
  recordingOf,
  sortedWords,
} from "../../../../support/mixed-traffic.ts";

const VENDORS = "infra/mappings/vendors";
const shipped = readdirSync(VENDORS).map((name) => ({
  name: name.replace(".json", ""),
  table: loadMappings(`${VENDORS}/${name}`),
}));
const catalog = loadCatalog(SCHEMAS_DIRECTORY);
const NOW_MS = Date.UTC(2026, 10, 28, 18);

type Said = readonly [topic: string, payload: unknown, clientId?: string];

const samplesOf = (messages: readonly Said[]): Sample[] =>
  messages.map(([topic, payload, clientId = ""], at) => ({
    ...{ topic, clientId, atMs: NOW_MS + at * 1000, at },
    payload: Buffer.from(typeof payload === "string" ? payload : JSON.stringify(payload)),
  }));

function learned(samples: readonly Sample[], zone?: string) {
  const { proposals } = propose(samples, { catalog, table: [], shipped, zone });
  const table = proposals.flatMap(({ entries }) => entries);
  const judge = new Judge(table, catalogWith(catalog, proposals));
  const made = (sample: Sample) => {
    const { readings, refused } = judge.of(sample);
    return {
      readings: readings.map(inWords).sort(),
      refused,
      atMs: readings.map(({ atMs }) => atMs),
    };
  };
  return { proposals, made };
}

const readingsOf = (...messages: Said[]): string[] => {
  const samples = samplesOf(messages);
  const { made } = learned(samples);
  return samples.flatMap((sample) => {
    const { readings, refused } = made(sample);
    return [...readings, ...refused];
  });
};

test("mixed traffic becomes what a person would make of it, and the rest is ignored with a reason", () => {
  const traffic = mixedTraffic(NOW_MS);
  const { samples } = readRecording(recordingOf(traffic, NOW_MS), NOW_MS);
  const { proposals, made } = learned(samples);
  for (const [at, { topic, readings }] of traffic.entries()) {
    if (readings.length === 0) continue;
    const wanted = readings.map(sortedWords).sort();
    expect({ topic, ...made(samples[at]!) }).toMatchObject({
      topic,
      readings: wanted,
      refused: [],
    });
  }
  const kindOf = new Map(
    proposals.flatMap((one) => one.samples.map((sample) => [sample.topic, one.kind] as const)),
  );
  for (const { topic, readings } of traffic)
    expect([topic, kindOf.get(topic)]).toEqual([
      topic,
      readings.length > 0 ? "map" : topic === "notes/today" ? "none" : "ignore",
    ]);
  expect(proposals.flatMap((one) => one.samples).length).toBe(samples.length);
});

test("two devices never become one: numbers name nobody without their place", () => {
  expect(
    readingsOf(
      ["house1/kitchen/data", { temp: 20.5, hum: 40 }],
      ["house2/kitchen/data", { temp: 22.5, hum: 41 }],
      ["house2/bath/data", { temp: 23.5, hum: 42 }],
    ),
  ).toEqual([
    "house1-kitchen climate humidity=40 temperature=20.5",
    "house2-kitchen climate humidity=41 temperature=22.5",
    "house2-bath climate humidity=42 temperature=23.5",
  ]);
  expect(
    readingsOf(
      ["tank/1", { level: 3.5 }],
      ["tank/2", { level: 4.5 }],
      ["boiler/1", { level: 5.5 }],
    ).map((one) => one.split(" ")[0]),
  ).toEqual(["tank-1", "tank-2", "boiler-1"]);
});

test("the sender's id is the best witness", () => {
  const readings = readingsOf(
    ["plant/A/press-7/x", { temp: 20.5 }, "press-7"],
    ["plant/B/press-8/x", { temp: 22.5 }, "press-8"],
  );
  expect(readings).toEqual([
    "press-7 climate temperature=20.5",
    "press-8 climate temperature=22.5",
  ]);
});

test("ids that look like numbers are ids, and several devices of one topic stay several", () => {
  expect(
    readingsOf(
      ["gw/up", { devEui: "0004a30b001c0530", flow: 1.5 }],
      ["gw/up", { devEui: "0004a30b001c0531", flow: 2.5 }],
    ),
  ).toEqual(
    ["0004a30b001c0530 up flow=1.5", "0004a30b001c0531 up flow=2.5"].map((one) =>
      one.replace(" up ", " gw "),
    ),
  );
});

test("times in every unit are the time, and what only looks like one is a number", () => {
  const at = NOW_MS - 90_000;
  const seconds = Math.floor(at / 1000);
  for (const t of [
    seconds,
    seconds * 1000,
    seconds * 1_000_000,
    String(seconds),
    new Date(seconds * 1000).toISOString(),
  ]) {
    const samples = samplesOf([
      ["pump/p1/out", { ts: t, flow: 3.5, uptime: 86_400, runtime: 1_200_000 }],
    ]);
    const { made } = learned(samples);
    const { readings, atMs } = made(samples[0]!);
    expect([t, atMs]).toEqual([t, [seconds * 1000]]);
    expect(readings).toEqual(["p1 pump flow=3.5 runtime=1200000 uptime=86400"]);
  }
});

test("local time gets the zone that the arrivals show, or the one that somebody says", () => {
  const samples = samplesOf([["pump/p1/out", { time: "2026-11-28T19:00:00", flow: 3.5 }]]);
  expect(learned(samples).made(samples[0]!).atMs).toEqual([NOW_MS]);
  expect(learned(samples).proposals[0]!.notes.join()).toContain("--zone");
  expect(learned(samples, "Europe/Berlin").made(samples[0]!).atMs).toEqual([NOW_MS]);
});

test("units decide: Fahrenheit, Wh, millivolts and pascals become what contracts have", () => {
  const [reading] = readingsOf(["cabin/c1/x", { temp_f: 50, pressure: 101_325 }]);
  expect(reading).toBe("c1 climate pressure=1013.25 temperature=10");
  expect(readingsOf(["cabin/c2/x", { energy_wh: 1500, power: "230 W" }])[0]).toBe(
    "c2 energy energy=1.5 power=230",
  );
});

test("entries of alike topics are kept apart", () => {
  const messages: Said[] = [
    ["site/unit-a/data", { flow: 1.5, pressure: 900 }],
    ["site/unit-b/data", { flow: 2.5, pressure: 901 }],
    ["site/unit-c/data", { speed: 100, torque: 3.5, current: 4.5 }],
    ["site/unit-d/data", { speed: 101, torque: 4.5, current: 5.5 }],
  ];
  expect(readingsOf(...messages)).toEqual([
    "unit-a site flow=1.5 pressure=900",
    "unit-b site flow=2.5 pressure=901",
    "unit-c site_2 current=4.5 speed=100 torque=3.5",
    "unit-d site_2 current=5.5 speed=101 torque=4.5",
  ]);
});

test("a message that a table in force takes is no question", () => {
  const samples = samplesOf([
    ["tele/plug/SENSOR", { Time: "2026-11-28T18:00:00", ENERGY: { Power: 5 } }],
  ]);
  const table = loadMappings(`${VENDORS}/tasmota.json`);
  const found = propose(samples, { catalog, table, shipped });
  expect([found.proposals.length, found.handled.length]).toEqual([0, 1]);
});

test("a hostile or broken payload costs no other one", () => {
  const deep = `${"[".repeat(2000)}1${"]".repeat(2000)}`;
  const samples = samplesOf([
    ["x/y", "\u0000\u0001"],
    ["x/z", deep],
    ["x/__proto__/a", { __proto__x: 1, constructor: { prototype: 2 } }],
    ["x/q", '{"__proto__":{"temp":1},"temp":20}'],
    ["", "1"],
    ["//", "2"],
  ]);
  const { proposals } = learned(samples);
  expect(proposals.flatMap((one) => one.samples).length).toBe(samples.length);
});
