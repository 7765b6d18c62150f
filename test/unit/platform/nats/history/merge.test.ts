// Goal: of what hub and regions have of a key, that counts which its writers would have wanted to.
import { expect, test } from "vitest";
import type { Device } from "../../../../../contracts/device.ts";
import type { LogEntry } from "../../../../../platform/nats/client/log-entry.ts";
import { mergeRecords } from "../../../../../platform/nats/history/merge.ts";

const entry = (
  subject: string,
  value: unknown,
  storeMs: number,
  over: Partial<LogEntry> = {},
): LogEntry => ({
  ...{ seq: storeMs, storeMs, subject, data: Buffer.from(JSON.stringify(value)) },
  ...over,
});
const device = (over: Partial<Device>): Device => ({
  ...{ id: "a", role: "device", credentials: [], createdAtMs: 10 },
  ...over,
});
const valuesOf = (stream: string, ...sides: LogEntry[][]): unknown[] =>
  mergeRecords(stream, sides).map(({ data }) => JSON.parse(String(data)) as unknown);

test("the newest counts, each key once, in the order of writing", () => {
  const hub = [entry("r1", "old", 1), entry("r2", "two", 30)];
  const eu = [entry("r1", "new", 20), entry("r3", "three", 40)];
  expect(valuesOf("KV_rules", hub, eu)).toEqual(["new", "two", "three"]);
});

test("a record that was written again is as old as it was first", () => {
  const again = entry("r1", "old", 500, { writtenMs: 5 });
  expect(valuesOf("KV_rules", [again], [entry("r1", "new", 20)])).toEqual(["new"]);
});

test("a contract's version is what it was first", () => {
  const sides = [[entry("pump.1", "second", 50)], [entry("pump.1", "first", 20)]];
  expect(valuesOf("KV_contracts", ...sides)).toEqual(["first"]);
});

test.each([
  ["a change that does not know of it", device({}), "revoked"],
  ["a rotation at a hub that had forgotten it", device({ role: "observer" }), "revoked"],
  ["letting it in again", device({ renewedAtMs: 60 }), "in"],
  ["registering it anew", device({ createdAtMs: 60 }), "in"],
] as const)("a revocation, and after it %s: %s", (_, later, outcome) => {
  const revocation = entry("a", device({ revokedAtMs: 50 }), 50);
  const merged = valuesOf("KV_devices", [entry("a", later, 70)], [revocation]) as Device[];
  expect(merged[0]!.revokedAtMs === undefined ? "in" : "revoked").toBe(outcome);
});
