// What existing devices send against the shipped table, and against tables of one entry.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseMappings } from "../../../../contracts/mapping.ts";
import { decodeFrame, encodeFrame } from "../../../../contracts/messages/frame.ts";
import { SCHEMAS_DIRECTORY, loadCatalog } from "../../../../contracts/schema/catalog.ts";
import type { Admission } from "../../../../gateway/ingest/admission.ts";
import { admit } from "../../../../gateway/ingest/admit.ts";
import { Mapper } from "../../../../gateway/ingest/mapping.ts";

const catalog = loadCatalog(SCHEMAS_DIRECTORY);
const EXAMPLES = join(import.meta.dirname, "../../../../infra/mappings/examples.json");
const shipped = JSON.parse(readFileSync(EXAMPLES, "utf8")) as { mappings: object[] };
const NOW_MS = Date.UTC(2026, 6, 15, 10);

function send(topic: string, payload: unknown, mappings = shipped.mappings, nowMs = NOW_MS) {
  const bytes = Buffer.from(typeof payload === "string" ? payload : JSON.stringify(payload));
  const mapper = new Mapper(parseMappings({ mappings }));
  return admit(
    { catalog, partitions: 4, ageMaxMs: undefined, mapper },
    { topic, payload: bytes, receivedAtMs: nowMs, traceparent: null },
  );
}

const admittedOf = (admission: Admission) =>
  admission.kind === "several"
    ? admission.readings
    : admission.kind === "reading"
      ? [admission]
      : [];

function payloadsOf(admission: Admission) {
  const encoded = admittedOf(admission).map((one) => one.encoded);
  const header = { v: 1, gateway: "g", epoch: "e", n: 1, total: 0, clock: 0 };
  const frame = encodeFrame({ ...header, count: encoded.length }, encoded);
  // As whoever reads the log sees it: without a time of its own a reading was when it arrived.
  return decodeFrame(frame).readings.map(({ receivedAtMs, payload }) => ({
    ts: receivedAtMs,
    ...payload,
  }));
}

const notesOf = (admission: Admission) =>
  admittedOf(admission).flatMap(({ noted }) => noted?.notes ?? []);

/** The shipped entry, in a zone. */
const tasmotaIn = (zone: string) =>
  shipped.mappings
    .filter((entry) => "name" in entry && entry.name === "tasmota-energy")
    .map((entry) => ({ ...entry, time: { ...(entry as { time: object }).time, zone } }));

describe("a plug on local time", () => {
  const berlin = tasmotaIn("Europe/Berlin");
  const plug = (Time: string) => ({ Time, ENERGY: { Power: 23 } });

  test.each([
    ["2026-01-15T13:00:00", "2026-01-15T12:00:00Z"],
    ["2026-07-15T14:00:00", "2026-07-15T12:00:00Z"],
    ["2026-03-29T03:00:01", "2026-03-29T01:00:01Z"],
    ["2026-10-25T02:30:00", "2026-10-25T00:30:00Z"],
    ["2026-10-25T02:30:00", "2026-10-25T01:30:00Z"],
  ])("%s is right in every season", (local, instant) => {
    const nowMs = Date.parse(instant) + 800;
    expect(payloadsOf(send("tele/plug/SENSOR", plug(local), berlin, nowMs))).toEqual([
      { ts: Date.parse(instant), power: 23 },
    ]);
  });

  test("that does not know the time yet is stored as of its arrival", () => {
    const admission = send("tele/plug/SENSOR", plug("1970-01-01T00:00:09"), berlin);
    expect(payloadsOf(admission)).toEqual([{ ts: NOW_MS, power: 23 }]);
    expect(notesOf(admission)).toMatchObject([{ field: "ts", how: "arrival_time" }]);
  });

  test("whose time is ahead in UTC is told why", () => {
    expect(send("tele/plug/SENSOR", plug("2026-07-15T12:00:00"))).toMatchObject({
      reason: "clock_ahead",
      detail:
        "/ts is 2 hours ahead; the limit is 5 minutes: this looks like local time that is told as UTC",
    });
  });
});

describe("a sensor with one bad value", () => {
  test.each([
    [{ temperature: 21.4, battery: 255 }, "battery", "/battery must be <= 100"],
    [{ temperature: 21.4, humidity: 100.4 }, "humidity", "/humidity must be <= 100"],
    [{ temperature: 21.4, humidity: [40] }, "humidity", "/humidity must be number"],
    [
      { temperature: 21.4, battery: "" },
      "battery",
      '/battery: the text at "/battery" is no number',
    ],
  ])("%j: the temperature is stored, and what is left out is noted", (payload, field, detail) => {
    const admission = send("zigbee2mqtt/th1", payload);
    expect(payloadsOf(admission)).toEqual([{ ts: NOW_MS, temperature: 21.4 }]);
    expect(admission).toMatchObject({
      kind: "reading",
      noted: { device: "th1", notes: [{ field, how: "left_out", detail }] },
    });
  });

  test("and nothing else is refused, with what was wrong", () => {
    const only = { temperature: 500, battery: 255 };
    expect(send("zigbee2mqtt/th1", only)).toMatchObject({
      kind: "reject",
      reason: "contract_violation",
      detail: "/temperature must be <= 200",
    });
    expect(send("zigbee2mqtt/th1", { temperature: {} })).toMatchObject({ kind: "reject" });
  });

  const entry = (fields: object, over: object = {}) => [
    { name: "e", topic: "x/{device}", contract: "climate", time: "arrival", fields, ...over },
  ];
  const temperature = { pointer: "/t" };
  const humidity = { pointer: "/h", optional: true };

  test("is refused where the table says so, and where it is required", () => {
    for (const mappings of [
      entry({ temperature, humidity: { ...humidity, invalid: "refuse" } }),
      entry({ temperature, humidity }, { invalid: "refuse" }),
    ])
      expect(send("x/d", { t: 20, h: 101 }, mappings)).toMatchObject({ kind: "reject" });
    expect(send("x/d", { t: "cold", h: 40 }, entry({ temperature, humidity }))).toMatchObject({
      kind: "reject",
      detail: "/temperature must be number",
    });
  });

  test("is clamped where the table says so", () => {
    const mappings = entry({ temperature, humidity: { ...humidity, invalid: "clamp" } });
    for (const [h, kept] of [
      [100.4, 100],
      [-3, 0],
    ]) {
      const admission = send("x/d", { t: 20, h }, mappings);
      expect(payloadsOf(admission)).toEqual([{ ts: NOW_MS, temperature: 20, humidity: kept }]);
      expect(notesOf(admission)).toMatchObject([{ field: "humidity", how: "clamped" }]);
    }
    const text = send("x/d", { t: 20, h: "wet" }, mappings);
    expect(notesOf(text)).toMatchObject([{ field: "humidity", how: "left_out" }]);
  });

  test("never loses its tag: it would be of another series", () => {
    const fields = { value: { pointer: "/v" }, sensor: { pointer: "/s", optional: true } };
    const table = entry(fields, { contract: "measurement" });
    expect(send("x/d", { v: 1, s: "a".repeat(65) }, table)).toMatchObject({ kind: "reject" });
    const words = { ...fields, sensor: { ...fields.sensor, as: { inlet: "in", outlet: "out" } } };
    const byWord = entry(words, { contract: "measurement" });
    expect(send("x/d", { v: 1, s: "lid" }, byWord)).toMatchObject({ reason: "unmappable" });
    expect(payloadsOf(send("x/d", { v: 1, s: "Inlet" }, byWord))).toMatchObject([{ sensor: "in" }]);
  });
});

describe("several channels of one device", () => {
  test("Tasmota: a plug with two relays is two readings, and its meter one", () => {
    const admission = send("tele/dual/SENSOR", {
      Time: "2026-07-15T09:59:58",
      ENERGY: {
        Total: 3.262,
        Power: [23.63, 67.17],
        Factor: [0.9, 0.95],
        Current: [0.11, 0.31],
        Voltage: 229,
      },
    });
    const ts = NOW_MS - 2000;
    expect(payloadsOf(admission)).toEqual([
      { ts, channel: "1", power: 23.63, power_factor: 0.9, current: 0.11, voltage: 229 },
      { ts, channel: "2", power: 67.17, power_factor: 0.95, current: 0.31, voltage: 229 },
      { ts, energy: 3.262 },
    ]);
    expect(admission).toMatchObject({ refused: 0, rejects: [] });
    expect(notesOf(admission)).toEqual([]);
  });

  test("Tasmota: a plug with one relay has no channel, whatever it leaves out", () => {
    const Time = "2026-07-15T09:59:58";
    for (const ENERGY of [{ Power: 5, Total: 1 }, { Total: 1 }, { Power: [], Total: 1 }])
      expect(payloadsOf(send("tele/one/SENSOR", { Time, ENERGY }))).toMatchObject([{ energy: 1 }]);
  });

  test("Shelly: relays are told apart, by topic and by key", () => {
    const gen1 = ["0", "1"].map((relay) => send(`shellies/s/relay/${relay}/power`, "5"));
    expect(gen1.flatMap(payloadsOf)).toMatchObject([{ channel: "0" }, { channel: "1" }]);
    const status = send("s2/status/switch:1", { apower: 4 });
    expect(payloadsOf(status)).toMatchObject([{ channel: "1", power: 4 }]);
    const notify = send("s2/events/rpc", {
      method: "NotifyStatus",
      params: {
        ts: NOW_MS / 1000,
        "switch:0": { id: 0, output: true },
        "switch:1": { id: 1, apower: 8 },
        "switch:2": { id: 2, apower: 9, aenergy: { total: 1000 } },
        "input:0": { apower: 1 },
      },
    });
    expect(payloadsOf(notify)).toEqual([
      { ts: NOW_MS, channel: "1", power: 8 },
      { ts: NOW_MS, channel: "2", power: 9 },
      { ts: NOW_MS, channel: "2", energy: 1 },
    ]);
    expect(notify).toMatchObject({ rejects: [] });
  });
});

describe("what a table can say", () => {
  const value = (field: object, over: object = {}) => [
    {
      name: "e",
      topic: "x/{device}",
      contract: "measurement",
      time: "arrival",
      fields: { value: field },
      ...over,
    },
  ];

  test.each([
    ["a decimal comma", { as: "number", decimal: "," }, "21,5", 21.5],
    ["a unit", { as: "number", units: { W: 1, kW: 1000 } }, "23 W", 23],
    ["another unit", { as: "number", units: { W: 1, kW: 1000 } }, "1.5kW", 1500],
    ["no unit, and a sign", { as: "number", units: { W: 1 } }, "+.5", 0.5],
    ["comma and unit", { as: "number", decimal: ",", units: { "°C": 1 } }, "-3,25 °C", -3.25],
    [
      "unit, factor and offset",
      { as: "number", units: { F: 1 }, factor: 0.5, offset: 1 },
      "4 F",
      3,
    ],
    ["a word", { as: { on: 1, off: 0 } }, "ON ", 1],
    ["a boolean", { as: { true: 1, false: 0 } }, false, 0],
    ["a number as a word", { as: { "1": 100 } }, 1, 100],
    ["the second of two places", { pointer: ["/w", "/v"] }, 7, 7],
  ])("%s", (_name, field, v, expected) => {
    const mappings = value({ pointer: "/v", ...field });
    expect(payloadsOf(send("x/d", { v }, mappings))).toEqual([{ ts: NOW_MS, value: expected }]);
  });

  test.each([
    ["a comma undeclared", { as: "number" }, "21,5", "no number"],
    ["a point where commas are declared", { as: "number", decimal: "," }, "1.234", "no number"],
    ["a unit undeclared", { as: "number" }, "23 W", "no number"],
    ["another unit", { as: "number", units: { W: 1 } }, "23 A", "no number in a unit"],
    ["an unknown word", { as: { on: 1 } }, "open", "none of the words"],
    ["a word of Object", { as: { on: 1 } }, "constructor", "none of the words"],
    ["an object for a word", { as: { on: 1 } }, {}, "none of the words"],
    ["a number too large", { as: "number" }, "1e400", "no number that can be kept"],
    ["digits beyond a double", { as: "number" }, "9007199254740993", "more digits than"],
  ])("refuses %s", (_name, field, v, why) => {
    const admission = send("x/d", { v }, value({ pointer: "/v", ...field }));
    expect(admission).toMatchObject({ kind: "reject", reason: "unmappable" });
    expect(admission.kind === "reject" && admission.detail).toContain(why);
  });

  test("a payload that is text", () => {
    const mappings = value(
      { pointer: "", as: "number", decimal: ",", units: { "°C": 1 } },
      { payload: "text" },
    );
    expect(payloadsOf(send("x/d", "21,5 °C\n", mappings))).toEqual([{ ts: NOW_MS, value: 21.5 }]);
    expect(send("x/d", "nan", mappings)).toMatchObject({ reason: "unmappable" });
    const both = [...value({ pointer: "" }), ...mappings.map((one) => ({ ...one, name: "t" }))];
    expect(payloadsOf(send("x/d", "21,5", both))).toEqual([{ ts: NOW_MS, value: 21.5 }]);
    expect(send("x/d", "21,5", value({ pointer: "" }))).toMatchObject({ reason: "not_json" });
  });

  test("conditions on type and absence, of the message and of its elements", () => {
    const when = [
      { pointer: "/v", type: ["number", "null"] },
      { pointer: "/error", absent: true },
    ];
    const typed = value({ pointer: "/v" }, { when });
    expect(send("x/d", { v: 1 }, typed)).toMatchObject({ kind: "reading" });
    for (const payload of [{ v: "1" }, { v: 1, error: null }, {}, [1]])
      expect(send("x/d", payload, typed)).toMatchObject({
        reason: "unmappable",
        detail: "no mapping of this topic applies to the payload",
      });
    const each = value(
      { pointer: "/v" },
      { each: "", when: [{ pointer: "/v", type: "number", of: "element" }] },
    );
    expect(payloadsOf(send("x/d", [{ v: 1 }, { v: "x" }, { v: 3 }], each))).toMatchObject([
      { value: 1 },
      { value: 3 },
    ]);
    expect(send("x/d", [{ v: "x" }], each)).toMatchObject({ reason: "unmappable" });
  });

  test("an array of numbers, each with its place", () => {
    const fields = { value: { pointer: "" }, sensor: { index: 1 } };
    const each = value({}, { each: "/v", fields });
    const admission = send("x/d", { v: [1.5, "bad", 2.5] }, each);
    expect(payloadsOf(admission)).toEqual([
      { ts: NOW_MS, value: 1.5, sensor: "1" },
      { ts: NOW_MS, value: 2.5, sensor: "3" },
    ]);
    expect(admission).toMatchObject({ refused: 1, rejects: [{ elements: [1] }] });
  });

  test("a level that is part text, part name", () => {
    const named = value({ pointer: "" }, { topic: "x/dev-{device}.json" });
    expect(send("x/dev-7.json", "1", named)).toMatchObject({ kind: "reading" });
    for (const topic of ["x/dev-.json", "x/7.json", "x/dev-7", "x/dev-7.json/a"])
      expect(send(topic, "1", named)).toMatchObject({ reason: "unmapped_topic" });
  });
});
