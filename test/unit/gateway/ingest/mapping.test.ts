// The shipped examples against what such devices really send, and the language of the table.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SCHEMAS_DIRECTORY, loadCatalog } from "../../../../contracts/schema/catalog.ts";
import {
  type FrameReading,
  decodeFrame,
  encodeFrame,
} from "../../../../contracts/messages/frame.ts";
import { type MappingEntry, parseMappings } from "../../../../contracts/mapping.ts";
import { REJECT_REASONS } from "../../../../contracts/messages/reject.ts";
import type { Admission, Arrival } from "../../../../gateway/ingest/admission.ts";
import { admit } from "../../../../gateway/ingest/admit.ts";
import { ELEMENTS_MAX, Mapper } from "../../../../gateway/ingest/mapping.ts";

const catalog = loadCatalog(SCHEMAS_DIRECTORY);
const EXAMPLES = join(import.meta.dirname, "../../../../infra/mappings/examples.json");
const examples = parseMappings(JSON.parse(readFileSync(EXAMPLES, "utf8")));
const NOW_MS = Date.UTC(2026, 0, 11, 22, 0, 0);

const rulesOf = (table: readonly MappingEntry[]) => ({
  catalog,
  partitions: 4,
  ageMaxMs: undefined,
  mapper: new Mapper(table),
});
const shipped = rulesOf(examples);

const send = (topic: string, payload: unknown, rules = shipped, only?: Arrival["only"]) =>
  admit(rules, {
    topic,
    payload: Buffer.from(typeof payload === "string" ? payload : JSON.stringify(payload)),
    receivedAtMs: NOW_MS,
    traceparent: null,
    ...(only ? { only } : {}),
  });

/** The readings of an admission, as a reader of the log gets them. */
function readingsOf(admission: Admission): Pick<FrameReading, "device" | "contract" | "payload">[] {
  const encoded =
    admission.kind === "reading"
      ? [admission.encoded]
      : admission.kind === "several"
        ? admission.readings.map((one) => one.encoded)
        : [];
  const header = { v: 1, gateway: "g", epoch: "e", n: 1, total: 0, clock: 0 };
  const frame = encodeFrame({ ...header, count: encoded.length }, encoded);
  // As whoever reads the log sees it: without a time of its own a reading was when it arrived.
  return decodeFrame(frame).readings.map(({ device, contract, receivedAtMs, payload }) => ({
    device,
    contract,
    payload: { ts: receivedAtMs, ...payload },
  }));
}
const at = (text: string): number => Date.parse(text);

describe("what devices really send", () => {
  test("Tasmota: AM2301 with a time that has no zone", () => {
    const payload =
      '{"Time":"2026-01-11T21:57:38","AM2301":{"Temperature":21.5,"Humidity":47.1,"DewPoint":9.7},"TempUnit":"C"}';
    expect(readingsOf(send("tele/kitchen/SENSOR", payload))).toEqual([
      {
        device: "kitchen",
        contract: "climate",
        payload: { ts: at("2026-01-11T21:57:38Z"), temperature: 21.5, humidity: 47.1 },
      },
    ]);
  });

  test("Tasmota: Fahrenheit becomes Celsius", () => {
    const [reading] = readingsOf(
      send("tele/porch/SENSOR", {
        Time: "2026-01-11T21:57:38",
        AM2301: { Temperature: 68, Humidity: 40 },
        TempUnit: "F",
      }),
    );
    expect(reading!.payload["temperature"]).toBeCloseTo(20, 9);
  });

  test("Tasmota: a sensor that failed sends nulls; the reading holds what is there", () => {
    const payload = {
      Time: "2026-01-11T21:57:38",
      AM2301: { Temperature: null, Humidity: 40 },
      TempUnit: "C",
    };
    expect(readingsOf(send("tele/kitchen/SENSOR", payload))[0]!.payload).toEqual({
      ts: at("2026-01-11T21:57:38Z"),
      humidity: 40,
    });
    const nothing = { ...payload, AM2301: { Temperature: null, Humidity: null } };
    expect(send("tele/kitchen/SENSOR", nothing)).toMatchObject({
      kind: "reject",
      reason: "contract_violation",
      mapping: "tasmota-am2301",
    });
  });

  const plug =
    '{"Time":"2026-01-11T21:57:38","ENERGY":{"TotalStartTime":"2020-10-21T22:15:00","Total":3.705,"Yesterday":0.028,"Today":0.026,"Period":1,"Power":5,"ApparentPower":5,"ReactivePower":0,"Factor":1.00,"Voltage":233,"Current":0.021}}';

  test("Tasmota: a metering plug", () => {
    expect(readingsOf(send("tele/livingroom-lamp/SENSOR", plug))).toEqual([
      {
        device: "livingroom-lamp",
        contract: "energy",
        payload: {
          ts: at("2026-01-11T21:57:38Z"),
          power: 5,
          apparent_power: 5,
          reactive_power: 0,
          power_factor: 1,
          voltage: 233,
          current: 0.021,
          energy: 3.705,
        },
      },
    ]);
  });

  test("Tasmota: one message with climate and energy is two readings", () => {
    const both = {
      ...(JSON.parse(plug) as object),
      AM2301: { Temperature: 20, Humidity: 40 },
      TempUnit: "C",
    };
    const contracts = readingsOf(send("tele/plug/SENSOR", both)).map(({ contract }) => contract);
    expect(contracts).toEqual(["climate", "energy"]);
  });

  test("Tasmota: a device without a clock yet gets the time of arrival, and it is noted", () => {
    const payload = {
      Time: "1970-01-01T00:00:07",
      AM2301: { Temperature: 20 },
      TempUnit: "C",
    };
    const admission = send("tele/kitchen/SENSOR", payload);
    expect(readingsOf(admission)[0]!.payload).toEqual({ ts: NOW_MS, temperature: 20 });
    expect(admission).toMatchObject({ noted: { notes: [{ field: "ts", how: "arrival_time" }] } });
  });

  test("Zigbee2MQTT: with and without last_seen, battery as text, null before the first report", () => {
    const full =
      '{"battery":"100.00","humidity":47.21,"last_seen":"2026-01-11T22:59:30+01:00","linkquality":120,"pressure":1005.3,"temperature":21.45,"voltage":3045}';
    expect(readingsOf(send("zigbee2mqtt/0x00158d0001a2b3c4", full))).toEqual([
      {
        device: "0x00158d0001a2b3c4",
        contract: "climate",
        payload: {
          ts: at("2026-01-11T21:59:30Z"),
          temperature: 21.45,
          humidity: 47.21,
          pressure: 1005.3,
          battery: 100,
          linkquality: 120,
        },
      },
    ]);
    const bare = { temperature: 21.45, humidity: null, linkquality: 80 };
    expect(readingsOf(send("zigbee2mqtt/Büro 2", bare))).toEqual([
      {
        device: "Büro 2",
        contract: "climate",
        payload: { ts: NOW_MS, temperature: 21.45, linkquality: 80 },
      },
    ]);
    const unreadable = send("zigbee2mqtt/x", { temperature: 20, battery: "full" });
    expect(readingsOf(unreadable)[0]!.payload).toEqual({ ts: NOW_MS, temperature: 20 });
    expect(unreadable).toMatchObject({
      noted: {
        device: "x",
        notes: [
          {
            field: "battery",
            how: "left_out",
            detail: '/battery: the text at "/battery" is no number',
          },
        ],
      },
    });
  });

  test("Shelly Gen1: bare numbers", () => {
    expect(readingsOf(send("shellies/shellyht-AABBCC/sensor/temperature", "21.50"))).toEqual([
      {
        device: "shellyht-AABBCC",
        contract: "climate",
        payload: { ts: NOW_MS, temperature: 21.5 },
      },
    ]);
    expect(readingsOf(send("shellies/shelly1pm-1/relay/0/power", "-3.2"))[0]!.payload).toEqual({
      ts: NOW_MS,
      channel: "0",
      power: -3.2,
    });
    for (const bad of ["nan", "", "21,5"])
      expect(send("shellies/x/sensor/temperature", bad)).toMatchObject({ reason: "not_json" });
    expect(send("shellies/x/sensor/temperature", '"21.5"')).toMatchObject({
      reason: "contract_violation",
      detail: "/temperature must be number",
    });
  });

  const notify = (params: object) => ({
    src: "shellyplus1pm-a8032ab636ec",
    dst: "shellyplus1pm-a8032ab636ec/events",
    method: "NotifyStatus",
    params: { ts: at("2026-01-11T21:59:58.44Z") / 1000, ...params },
  });

  test("Shelly Gen2: notifications hold what changed", () => {
    const topic = "shellyplus1pm-a8032ab636ec/events/rpc";
    const energy = notify({
      "switch:0": {
        id: 0,
        aenergy: { by_minute: [0, 0, 0], minute_ts: 1768168797, total: 11679.5 },
      },
    });
    expect(readingsOf(send(topic, energy))).toEqual([
      {
        device: "shellyplus1pm-a8032ab636ec",
        contract: "energy",
        payload: { ts: at("2026-01-11T21:59:58.440Z"), channel: "0", energy: 11.6795 },
      },
    ]);
    const power = notify({ "switch:0": { id: 0, apower: 8.9, current: 0.07 } });
    expect(readingsOf(send(topic, power))[0]!.payload).toEqual({
      ts: at("2026-01-11T21:59:58.440Z"),
      channel: "0",
      power: 8.9,
      current: 0.07,
    });
    const early = notify({ ts: null, "switch:0": { id: 0, apower: 1 } });
    expect(readingsOf(send(topic, early))[0]!.payload["ts"]).toBe(NOW_MS);
    const button = { ...notify({ events: [] }), method: "NotifyEvent" };
    expect(send(topic, button)).toMatchObject({ kind: "reject", reason: "unmappable" });
  });

  test("Shelly Gen2: status topics", () => {
    const status =
      '{"id":0,"source":"init","output":true,"apower":8.9,"voltage":237.5,"freq":50.0,"current":0.07,"aenergy":{"total":6.532,"by_minute":[45.199,47.141,88.397],"minute_ts":1768168797},"temperature":{"tC":23.5,"tF":74.4}}';
    expect(readingsOf(send("shellyplus1pm-1/status/switch:0", status))[0]!.payload).toMatchObject({
      power: 8.9,
      voltage: 237.5,
      frequency: 50,
      current: 0.07,
    });
    expect(
      readingsOf(send("sht/status/temperature:0", '{"id":0,"tC":23.5,"tF":74.4}'))[0]!.payload,
    ).toEqual({ ts: NOW_MS, channel: "0", temperature: 23.5 });
    expect(send("sht/status/temperature:0", '{"id":0,"tC":null,"tF":null}')).toMatchObject({
      reason: "contract_violation",
    });
  });

  test("a plain number, its quantity a level of the topic", () => {
    expect(readingsOf(send("sensors/boiler-1/pressure", " 1.25 \n"))).toEqual([
      {
        device: "boiler-1",
        contract: "measurement",
        payload: { ts: NOW_MS, value: 1.25, quantity: "pressure" },
      },
    ]);
  });

  test("an array of readings: each its own, refused ones named", () => {
    const second = NOW_MS / 1000;
    const message = {
      quantity: "flow",
      readings: [
        { t: second - 2, v: 1, sensor: "a" },
        { t: second - 1, v: "high" },
        { t: second - 1, v: 2 },
        { t: "now", v: 3 },
        { t: second, v: null },
      ],
    };
    const admission = send("batches/plc-7", message);
    expect(readingsOf(admission).map(({ payload }) => payload)).toEqual([
      { ts: NOW_MS - 2000, value: 1, sensor: "a", quantity: "flow" },
      { ts: NOW_MS - 1000, value: 2, quantity: "flow" },
    ]);
    expect(admission).toMatchObject({
      refused: 3,
      rejects: [
        { reason: "contract_violation", elements: [1, 4], device: "plc-7", mapping: "batch" },
        { reason: "unmappable", elements: [3] },
      ],
    });
    const again = send("batches/plc-7", message, shipped, { mapping: "batch", elements: [1, 4] });
    expect(again).toMatchObject({ kind: "reject", elements: [1, 4] });
  });
});

test("every contract of the examples ships", () => {
  for (const { contract } of examples) expect(catalog.versions(contract)).not.toEqual([]);
});

test("no array, an empty one and one too long are refused as a whole", () => {
  expect(send("batches/p", { readings: 5 })).toMatchObject({ reason: "unmappable" });
  expect(send("batches/p", { readings: [] })).toMatchObject({ reason: "unmappable" });
  const long = { readings: new Array<number>(ELEMENTS_MAX + 1).fill(0) };
  const admission = send("batches/p", long);
  expect(admission).toMatchObject({ kind: "reject", reason: "too_large" });
  expect(admission).not.toHaveProperty("elements");
});

test("what elements share is not multiplied without bound", () => {
  const table = parseMappings({
    mappings: [
      {
        name: "shared",
        topic: "b/{device}",
        contract: "measurement",
        each: "/r",
        time: "arrival",
        fields: { value: { pointer: "" }, sensor: { pointer: "/s", of: "message" } },
      },
    ],
  });
  const message = { s: "x".repeat(200_000), r: Array.from({ length: 1000 }, (_, n) => n) };
  expect(send("b/d", message, rulesOf(table))).toMatchObject({
    kind: "reject",
    reason: "too_large",
  });
});

describe("the table", () => {
  const entry = {
    name: "e",
    topic: "a/{device}/{kind}",
    contract: "measurement",
    time: "arrival",
    fields: { value: { pointer: "" } },
  };
  test("levels: +, #, templates in lower case, the contract from a level", () => {
    const table = parseMappings({
      mappings: [
        {
          ...entry,
          topic: "plant/+/{line}/{Device}/{contract}/#",
          device: "{line}-{Device|lower}",
          contract: "{contract}",
          version: 1,
        },
      ],
    });
    const rules = rulesOf(table);
    for (const rest of ["", "/deep", "/deep/er"])
      expect(readingsOf(send(`plant/x/L1/PUMP/measurement${rest}`, "1", rules))).toMatchObject([
        { device: "L1-pump", contract: "measurement" },
      ]);
    expect(send("plant/x/L1/PUMP/weather", "1", rules)).toMatchObject({
      reason: "unknown_contract",
      contract: "weather",
    });
    expect(send("plant/x/L1//measurement", "1", rules)).toMatchObject({ reason: "unmapped_topic" });
    expect(send("plant/x/L1/PUMP", "1", rules)).toMatchObject({ reason: "unmapped_topic" });
  });

  test("wildcards never reach our own topics", () => {
    const rules = rulesOf(parseMappings({ mappings: [{ ...entry, topic: "{device}/#" }] }));
    for (const topic of ["devices/x/commands/1/reply", "alerts/r/k", "$SYS/x"])
      expect(send(topic, "1", rules)).toMatchObject({ reason: "unmapped_topic" });
    expect(send("device/x", "1", rules)).toMatchObject({ kind: "reading" });
  });

  test("a payload cannot pass for an outcome of ours", () => {
    const rules = rulesOf(
      parseMappings({ mappings: [{ ...entry, fields: { value: { pointer: "/v" } } }] }),
    );
    const forged = { v: { kind: "misfit", reason: "not_a_reason", detail: "x" } };
    expect(send("a/d/k", forged, rules)).toMatchObject({ reason: "contract_violation" });
  });
});

test("whatever comes on a mapped topic: readings or rejects, never an exception", () => {
  const topics = fc.oneof(
    fc.constantFrom(
      "tele/a/SENSOR",
      "zigbee2mqtt/a",
      "shellies/a/sensor/temperature",
      "a/events/rpc",
      "a/status/switch:0",
      "batches/a",
      "sensors/a/b",
    ),
    fc.string(),
  );
  const keys = fc.constantFrom("Time", "AM2301", "ENERGY", "temperature", "readings", "t", "v");
  const payloads = fc.oneof(
    fc.json(),
    fc.uint8Array().map((bytes) => Buffer.from(bytes).toString("latin1")),
    fc.dictionary(keys, fc.jsonValue()).map((value) => JSON.stringify(value)),
    fc.constantFrom("1e999", '{"temperature":1e999}', '{"temperature":"\\ud800"}', "[[[[[[[["),
  );
  fc.assert(
    fc.property(topics, payloads, (topic, payload) => {
      const admission = send(topic, payload);
      const rejects = admission.kind === "several" ? admission.rejects : [admission];
      for (const one of rejects)
        if (one.kind === "reject") expect(REJECT_REASONS).toContain(one.reason);
      readingsOf(admission);
    }),
    { numRuns: 500 },
  );
});
