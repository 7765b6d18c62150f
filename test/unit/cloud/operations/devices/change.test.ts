// Goal: a record keeps what a change does not name, and says when it was let in again. Method: changes of one record.
import { expect, test } from "vitest";
import { checkDevice } from "../../../../../contracts/device.ts";
import { changedDevice, revoked } from "../../../../../cloud/operations/devices/change.ts";
import { parseDeviceRows } from "../../../../../cloud/operations/devices/csv.ts";

const credential = { kind: "certificate" } as const;
const bridge = changedDevice("plant", undefined, credential, {
  ...{ role: "bridge", speaksFor: ["room-*"] },
});

test("whom a bridge speaks for stays through a new credential, and goes with the role", () => {
  expect(changedDevice("plant", bridge, credential, { rotate: true }).speaksFor).toEqual([
    "room-*",
  ]);
  const more = { rotate: true, speaksFor: ["room-*", "boiler-7"] };
  expect(changedDevice("plant", bridge, credential, more).speaksFor).toEqual(more.speaksFor);
  const device = changedDevice("plant", bridge, credential, { replace: true, role: "device" });
  expect(device.speaksFor).toBeUndefined();
  expect(() => checkDevice(device)).not.toThrow();
});

test("a device that names others is refused", () => {
  const device = changedDevice("d", undefined, credential, { speaksFor: ["room-*"] });
  expect(() => checkDevice(device)).toThrow("/speaksFor: only a bridge speaks for others");
});

test("only one that was revoked is let in again", () => {
  expect(changedDevice("plant", bridge, credential, { replace: true }).renewedAtMs).toBeUndefined();
  const again = changedDevice("plant", revoked("plant", bridge, 5), credential, { replace: true });
  expect(again.revokedAtMs).toBeUndefined();
  expect(again.renewedAtMs).toBeGreaterThan(0);
  expect(changedDevice("plant", again, credential, { rotate: true }).renewedAtMs).toBe(
    again.renewedAtMs,
  );
});

test("a list of devices names those that a bridge speaks for", () => {
  const text =
    "id,role,speaks_for\nplant,bridge,room-*; boiler-7\nd,device,\ne,device,x\nf,bridge,a*b*";
  const { rows, problems } = parseDeviceRows(text, 8);
  expect(rows.map(({ id, speaksFor }) => [id, speaksFor])).toEqual([
    ["plant", ["room-*", "boiler-7"]],
    ["d", undefined],
  ]);
  expect(problems).toEqual([
    "line 4: speaks_for is for bridges, and the role is device",
    expect.stringMatching(/^line 5: "a\*b\*": one \* at most/),
  ]);
});
