// Goal: the console says of each device by how much its clock is off, from what gateways tell it once a second.
import { expect, test } from "vitest";
import type { ReadingRow } from "../../../../../contracts/messages/live.ts";
import { DeviceWatch } from "../../../../../cloud/console/live/device-watch.ts";

const NOW_MS = 1_800_000_000_000;

const heard = (device: string, contract: string, tsMs: number, receivedMs: number): ReadingRow => [
  ...([device, contract, 1, tsMs, receivedMs] as const),
  ...([null, null, {}] as const),
];

function watchOf(...rows: ReadingRow[]): DeviceWatch {
  const watch = new DeviceWatch(() => undefined);
  watch.take("eu", { v: 1, gateway: "gateway-1", atMs: NOW_MS, total: rows.length, rows, more: 0 });
  return watch;
}

test("a clock that is behind, one that is ahead, and one that is right but for the network", () => {
  const watch = watchOf(
    heard("behind", "room", NOW_MS - 60_000, NOW_MS),
    heard("ahead", "room", NOW_MS + 5_000, NOW_MS),
    heard("right", "room", NOW_MS - 300, NOW_MS),
  );
  const skews = ["behind", "ahead", "right"].map((id) => watch.get(id)!.heard!.skewMs);
  expect(skews).toEqual([60_000, -5_000, 0]);
});

test("what a device had buffered is old, and its clock is not off", () => {
  const watch = watchOf(
    heard("meter", "room", NOW_MS - 300, NOW_MS),
    heard("meter", "room", NOW_MS - 600_000, NOW_MS + 1_000),
  );
  expect(watch.get("meter")!.heard!.skewMs).toBe(0);
});

test("presence has the gateway's time and says nothing of the device's clock", () => {
  const presence = heard("meter", "presence", NOW_MS, NOW_MS);
  expect(watchOf(presence).get("meter")!.heard!.skewMs).toBeNull();
  const slow = heard("meter", "room", NOW_MS - 60_000, NOW_MS);
  expect(watchOf(slow, presence).get("meter")!.heard!.skewMs).toBe(60_000);
});
