import { expect, test } from "vitest";
import { UnregisteredDevices } from "../../../../gateway/ingest/unregistered-devices.ts";

const HOUR_MS = 3_600_000;
const from = (key: string, clientId = "any") => ({ clientId, holder: { key } });

test("H1: a sender names so many at once, then so many an hour, under whatever client ids", () => {
  let nowMs = 0;
  const devices = new UnregisteredDevices({ max: 2, perHour: 1 }, () => nowMs);
  const isRefused = (key: string, device: string, clientId?: string): boolean =>
    devices.fault(from(key, clientId), device) !== null;
  expect(["a", "b", "c", "a"].map((one) => isRefused("record:plant", one))).toEqual([
    ...[false, false, true, false],
  ]);
  expect(isRefused("record:plant", "d", "another id")).toBe(true);
  expect(isRefused("address:192.0.2.7", "c")).toBe(false);
  nowMs = HOUR_MS;
  expect(["c", "d"].map((one) => isRefused("record:plant", one))).toEqual([false, true]);
  expect(devices.refused).toBe(3);
});

test("the reject says whose bound it is, the bound, and what to do", () => {
  const devices = new UnregisteredDevices({ max: 1, perHour: 5 }, () => 0);
  devices.fault(from("record:plant"), "a");
  expect(devices.fault(from("record:plant"), "room-9")).toEqual({
    reason: "too_many_series",
    detail: expect.stringMatching(
      /^1 new devices, and 5 each hour, of one sender \(record:plant\): register "room-9"/,
    ) as unknown,
  });
});

test("H2: the gateway itself is not bounded", () => {
  const devices = new UnregisteredDevices({ max: 1, perHour: 1 }, () => 0);
  for (const device of ["a", "b", "c"])
    expect(devices.fault({ clientId: "canary" }, device)).toBe(null);
});
