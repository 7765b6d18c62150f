import { expect, test } from "vitest";
import { specifyDevices } from "../../../device-sim/device-specs.ts";

const gateways = [
  { region: "eu", url: "mqtt://127.0.0.1:1883" },
  { region: "us", url: "mqtt://127.0.0.1:1884" },
];
const co2 = Array.from({ length: 1_000 }, (_, at) =>
  at % 400 > 100 && at % 400 < 300 ? 1200 : 500,
);
const spec = (devices: number, keepTimes = false) =>
  specifyDevices({ gateways, devices, rate: devices * 10, keepTimes }, co2, 22_695);

test("twenty devices are eight rooms and two machines in each of two regions", () => {
  const devices = spec(20);
  expect(devices.map(({ device }) => device)).toEqual(
    ["eu", "us"].flatMap((region) => [
      ...[1, 2, 3, 4].map((number) => `room-${region}-0${number}`),
      `machine-${region}-01`,
      ...[5, 6, 7, 8].map((number) => `room-${region}-0${number}`),
      `machine-${region}-02`,
    ]),
  );
  for (const { device, gateway } of devices) expect(device).toContain(`-${gateway.region}-`);
});

test("four devices: both regions have a room that starts just before its CO2 rises", () => {
  for (const region of ["eu", "us"]) {
    const first = spec(4).find(({ gateway }) => gateway.region === region)!;
    expect(co2[first.startRow]).toBeLessThanOrEqual(1000);
    expect(co2[first.startRow + 30]).toBeGreaterThan(1000);
  }
});

test("an odd number of devices is spread to within one", () => {
  const regions = Map.groupBy(spec(7), ({ gateway }) => gateway.region);
  expect([...regions.values()].map(({ length }) => length)).toEqual([4, 3]);
});

test("kept times: every device replays its recording from the first row", () => {
  expect(spec(20, true).every(({ startRow }) => startRow === 0)).toBe(true);
});
