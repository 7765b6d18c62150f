// Goal: what was logged in, or left behind, under other rights than those of now says and hears nothing more, and a new
// secret changes none of that. Method: a book, each change of a record, and who owns what then.
import { expect, test } from "vitest";
import { type Device, deviceKey } from "../../../../contracts/device.ts";
import { accessOf } from "../../../../gateway/identity/book-access.ts";
import { ANONYMOUS_GRANT, DeviceBook } from "../../../../gateway/identity/device-book.ts";
import { secretCredential } from "../../../../gateway/identity/secrets.ts";

const device = (over: Partial<Device> = {}): Device => ({
  ...{ id: "demo", role: "operator", credentials: [secretCredential("one")], createdAtMs: 1 },
  ...over,
});

function start() {
  const book = new DeviceBook();
  const put = (record: Device) => book.apply(deviceKey(record.id), JSON.stringify(record));
  put(device());
  const owner = { principal: "demo", grant: book.active("demo")!.grant };
  return { book, put, owner, access: accessOf(book, true) };
}

test.each<[string, Partial<Device>, boolean]>([
  ["another secret", { credentials: [secretCredential("two")] }, true],
  ["whom a bridge speaks for", { role: "bridge", speaksFor: ["a"] }, false],
  ["another role", { role: "device" }, false],
  ["alerts", { alerts: true }, false],
  ["topics", { topics: ["tele/#"] }, false],
  ["a revocation", { revokedAtMs: 2 }, false],
  ["let in again", { renewedAtMs: 3 }, false],
  ["made anew", { createdAtMs: 2 }, false],
])("%s: what it left is still its own: %s", (_, over, isOwn) => {
  const { put, owner, access } = start();
  put(device(over));
  expect(access.ownerOf("demo/1", owner)).toEqual(isOwn ? owner : null);
  const client = { clientId: "demo", ...owner };
  expect(access.authorizeSubscribe(client, "devices/#")).toBe(isOwn);
  const said = access.authorizePublish({ ...client, topic: "devices/d/commands/1" });
  expect(said === null).toBe(isOwn);
});

test("naming other devices ends no session of a bridge", () => {
  const { book, put, access } = start();
  put(device({ role: "bridge" }));
  const owner = { principal: "demo", grant: book.active("demo")!.grant };
  expect(put(device({ role: "bridge", speaksFor: ["room-*"] })).kind).toBe("unchanged");
  expect(access.ownerOf("demo", owner)).toEqual(owner);
});

test("the refusal of old rights says that they are old", () => {
  const { put, owner, access } = start();
  put(device({ renewedAtMs: 3 }));
  const refusal = access.authorizePublish({
    clientId: "demo",
    ...owner,
    topic: "devices/d/commands/1",
  });
  expect(refusal?.detail).toMatch(/demo has other rights now.*log in again/);
});

test("what an anonymous client left ends when its id becomes somebody's", () => {
  const { book, access, put } = start();
  const left = { grant: ANONYMOUS_GRANT };
  expect(access.ownerOf("late/1", left)).toMatchObject(left);
  put(device({ id: "late" }));
  expect(access.ownerOf("late/1", left)).toBeNull();
  expect(access.authorizeSubscribe({ clientId: "late/1" }, "#")).toBe(false);
  const said = { clientId: "late/1", topic: "devices/late/telemetry/measurement" };
  expect(access.authorizePublish(said)).not.toBeNull();
  expect(accessOf(book, false).ownerOf("other", left)).toBeNull();
});

test("what an earlier version noted no owner of is theirs who have the client id now", () => {
  const { book, access, owner, put } = start();
  expect(access.ownerOf("demo/1", null)).toEqual(owner);
  expect(access.ownerOf("new", null)).toMatchObject({ grant: ANONYMOUS_GRANT });
  expect(accessOf(book, false).ownerOf("new", null)).toBeNull();
  put(device({ revokedAtMs: 2 }));
  expect(access.ownerOf("demo/1", null)).toBeNull();
});

test("clients without a record hear what they are granted, a wildcard only if all of it is", () => {
  const { book } = start();
  const may = (heard: string[], filter: string) =>
    accessOf(book, true, { heard }).authorizeSubscribe({ clientId: "new" }, filter);
  expect(may(["#"], "$SYS/#")).toBe(true);
  expect(
    ["public/#", "public/a/+", "#", "private/a", "+/a"].map((one) => may(["public/#"], one)),
  ).toEqual([true, true, false, false, false]);
});
