// What existing devices send, against the table that ships.
import { describe, expect, test } from "vitest";
import type { Admission } from "../../../../gateway/ingest/admission.ts";
import {
  ARRIVAL_MS,
  notesOf,
  payloadsOf,
  readingsOf,
  send as sendAt,
  type Sending,
  shipped,
  shippedCatalog,
} from "../../../support/mapped.ts";

const NOW_MS = Date.UTC(2026, 0, 11, 22, 0, 0);
const at = (text: string): number => Date.parse(text);
const saidBy = (admission: Admission) =>
  readingsOf(admission).map(({ device, contract, payload }) => ({ device, contract, payload }));

describe("what devices really send", () => {
  const send = (topic: string, payload: unknown, sending: Sending = {}) =>
    sendAt(topic, payload, { nowMs: NOW_MS, ...sending });

  test("Tasmota: AM2301 with a time that has no zone", () => {
    const payload =
      '{"Time":"2026-01-11T21:57:38","AM2301":{"Temperature":21.5,"Humidity":47.1,"DewPoint":9.7},"TempUnit":"C"}';
    expect(saidBy(send("tele/kitchen/SENSOR", payload))).toEqual([
      {
        device: "kitchen",
        contract: "climate",
        payload: { ts: at("2026-01-11T21:57:38Z"), temperature: 21.5, humidity: 47.1 },
      },
    ]);
  });

  test("Tasmota: Fahrenheit becomes Celsius", () => {
    const [reading] = saidBy(
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
    expect(saidBy(send("tele/kitchen/SENSOR", payload))[0]!.payload).toEqual({
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
    expect(saidBy(send("tele/livingroom-lamp/SENSOR", plug))).toEqual([
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
    const contracts = saidBy(send("tele/plug/SENSOR", both)).map(({ contract }) => contract);
    expect(contracts).toEqual(["climate", "energy"]);
  });

  test("Zigbee2MQTT: with and without last_seen, battery as text, null before the first report", () => {
    const full =
      '{"battery":"100.00","humidity":47.21,"last_seen":"2026-01-11T22:59:30+01:00","linkquality":120,"pressure":1005.3,"temperature":21.45,"voltage":3045}';
    expect(saidBy(send("zigbee2mqtt/0x00158d0001a2b3c4", full))).toEqual([
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
    expect(saidBy(send("zigbee2mqtt/Büro 2", bare))).toEqual([
      {
        device: "Büro 2",
        contract: "climate",
        payload: { temperature: 21.45, linkquality: 80 },
      },
    ]);
  });

  test("Shelly Gen1: bare numbers", () => {
    expect(saidBy(send("shellies/shellyht-AABBCC/sensor/temperature", "21.50"))).toEqual([
      {
        device: "shellyht-AABBCC",
        contract: "climate",
        payload: { temperature: 21.5 },
      },
    ]);
    expect(saidBy(send("shellies/shelly1pm-1/relay/0/power", "-3.2"))[0]!.payload).toEqual({
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
    expect(saidBy(send(topic, energy))).toEqual([
      {
        device: "shellyplus1pm-a8032ab636ec",
        contract: "energy",
        payload: { ts: at("2026-01-11T21:59:58.440Z"), channel: "0", energy: 11.6795 },
      },
    ]);
    const power = notify({ "switch:0": { id: 0, apower: 8.9, current: 0.07 } });
    expect(saidBy(send(topic, power))[0]!.payload).toEqual({
      ts: at("2026-01-11T21:59:58.440Z"),
      channel: "0",
      power: 8.9,
      current: 0.07,
    });
    const early = notify({ ts: null, "switch:0": { id: 0, apower: 1 } });
    expect(saidBy(send(topic, early))[0]!.payload).toEqual({ channel: "0", power: 1 });
    const button = { ...notify({ events: [] }), method: "NotifyEvent" };
    expect(send(topic, button)).toMatchObject({ kind: "reject", reason: "unmappable" });
  });

  test("Shelly Gen2: status topics", () => {
    const status =
      '{"id":0,"source":"init","output":true,"apower":8.9,"voltage":237.5,"freq":50.0,"current":0.07,"aenergy":{"total":6.532,"by_minute":[45.199,47.141,88.397],"minute_ts":1768168797},"temperature":{"tC":23.5,"tF":74.4}}';
    expect(saidBy(send("shellyplus1pm-1/status/switch:0", status))[0]!.payload).toMatchObject({
      power: 8.9,
      voltage: 237.5,
      frequency: 50,
      current: 0.07,
    });
    expect(
      saidBy(send("sht/status/temperature:0", '{"id":0,"tC":23.5,"tF":74.4}'))[0]!.payload,
    ).toEqual({ channel: "0", temperature: 23.5 });
    expect(send("sht/status/temperature:0", '{"id":0,"tC":null,"tF":null}')).toMatchObject({
      reason: "contract_violation",
    });
  });

  test("a plain number, its quantity a level of the topic", () => {
    expect(saidBy(send("sensors/boiler-1/pressure", " 1.25 \n"))).toEqual([
      {
        device: "boiler-1",
        contract: "measurement",
        payload: { value: 1.25, quantity: "pressure" },
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
    expect(payloadsOf(admission)).toEqual([
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
    const again = send("batches/plc-7", message, { only: { mapping: "batch", elements: [1, 4] } });
    expect(again).toMatchObject({ kind: "reject", elements: [1, 4] });
  });
});

test("every contract of the examples ships", () => {
  for (const { contract } of shipped.mappings as { contract: string }[])
    expect(shippedCatalog.versions(contract)).not.toEqual([]);
});

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
    expect(
      payloadsOf(sendAt("tele/plug/SENSOR", plug(local), { mappings: berlin, nowMs })),
    ).toEqual([{ ts: Date.parse(instant), power: 23 }]);
  });

  test("that does not know the time yet is stored as of its arrival", () => {
    const admission = sendAt("tele/plug/SENSOR", plug("1970-01-01T00:00:09"), { mappings: berlin });
    expect(payloadsOf(admission)).toEqual([{ power: 23 }]);
    expect(notesOf(admission)).toMatchObject([{ field: "ts", how: "arrival_time" }]);
  });

  test("whose time is ahead in UTC is told why", () => {
    expect(sendAt("tele/plug/SENSOR", plug("2026-07-15T12:00:00"))).toMatchObject({
      reason: "clock_ahead",
      detail:
        "/ts is 2 hours ahead; the limit is 5 minutes: this looks like local time that is told as UTC",
    });
  });
});

describe("several channels of one device", () => {
  test("Tasmota: a plug with two relays is two readings, and its meter one", () => {
    const admission = sendAt("tele/dual/SENSOR", {
      Time: "2026-07-15T09:59:58",
      ENERGY: {
        Total: 3.262,
        Power: [23.63, 67.17],
        Factor: [0.9, 0.95],
        Current: [0.11, 0.31],
        Voltage: 229,
      },
    });
    const ts = ARRIVAL_MS - 2000;
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
      expect(payloadsOf(sendAt("tele/one/SENSOR", { Time, ENERGY }))).toMatchObject([
        { energy: 1 },
      ]);
  });

  test("Shelly: relays are told apart, by topic and by key", () => {
    const gen1 = ["0", "1"].map((relay) => sendAt(`shellies/s/relay/${relay}/power`, "5"));
    expect(gen1.flatMap((one) => payloadsOf(one))).toMatchObject([
      { channel: "0" },
      { channel: "1" },
    ]);
    const status = sendAt("s2/status/switch:1", { apower: 4 });
    expect(payloadsOf(status)).toMatchObject([{ channel: "1", power: 4 }]);
    const notify = sendAt("s2/events/rpc", {
      method: "NotifyStatus",
      params: {
        ts: ARRIVAL_MS / 1000,
        "switch:0": { id: 0, output: true },
        "switch:1": { id: 1, apower: 8 },
        "switch:2": { id: 2, apower: 9, aenergy: { total: 1000 } },
        "input:0": { apower: 1 },
      },
    });
    expect(payloadsOf(notify)).toEqual([
      { ts: ARRIVAL_MS, channel: "1", power: 8 },
      { ts: ARRIVAL_MS, channel: "2", power: 9 },
      { ts: ARRIVAL_MS, channel: "2", energy: 1 },
    ]);
    expect(notify).toMatchObject({ rejects: [] });
  });
});
