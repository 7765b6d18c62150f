import fc from "fast-check";
import { expect, test } from "vitest";
import { compileContract } from "../../../../contracts/schema/contract.ts";
import { SCHEMAS_DIRECTORY, loadCatalog } from "../../../../contracts/schema/catalog.ts";
import { admit } from "../../../../gateway/ingest/admit.ts";
import { SeriesLimit } from "../../../../gateway/ingest/series-limit.ts";

const HOUR_MS = 3_600_000;
const catalog = loadCatalog(SCHEMAS_DIRECTORY);
const [measurement] = catalog.versions("measurement");
const [machine] = catalog.versions("machine");

function limitOf(max: number, charsMax?: number, perHour = 1e9) {
  const clock = { ms: 0 };
  const limit = new SeriesLimit({ max, perHour }, () => clock.ms, charsMax);
  const names = (quantity: string | undefined, device = "d"): boolean =>
    limit.fault(measurement!, device, { value: 1, quantity }) === null;
  return { clock, limit, names };
}

test("a device may name so many tag sets, known ones as often as it likes, and others their own", () => {
  const { names, limit } = limitOf(3);
  expect(["a", "b", undefined, "", "a", "b"].map((one) => names(one))).not.toContain(false);
  expect([names("c"), names("d"), names("a"), names("c", "other")]).toEqual([
    false,
    false,
    true,
    true,
  ]);
  // Another contract is counted apart.
  const own = compileContract(
    { name: "own", version: 1 },
    { type: "object", properties: { q: { type: "string", "x-role": "tag" } } },
  );
  expect(limit.fault(own, "d", { q: "c" })).toBeNull();
});

test("a tag set that is not named for two hours makes room, one that is named each hour stays", () => {
  const { clock, names } = limitOf(2);
  names("kept");
  names("gone");
  clock.ms = HOUR_MS;
  expect([names("kept"), names("new")]).toEqual([true, false]);
  clock.ms = 2 * HOUR_MS;
  expect([names("kept"), names("new"), names("gone")]).toEqual([true, true, false]);
});

test("in no hour does a device name more than it may", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat({ max: HOUR_MS / 2 }), fc.nat({ max: 12 })), { maxLength: 200 }),
      (steps) => {
        const { clock, names } = limitOf(5);
        const passed: { ms: number; name: number }[] = [];
        for (const [stepMs, name] of steps) {
          clock.ms += stepMs;
          if (names(String(name))) passed.push({ ms: clock.ms, name });
          const within = passed.filter(({ ms }) => ms > clock.ms - HOUR_MS);
          expect(new Set(within.map((one) => one.name)).size).toBeLessThanOrEqual(5);
        }
      },
    ),
  );
});

test("when memory is short, more passes and nothing that is known is refused", () => {
  const { names } = limitOf(10, 200);
  for (let device = 0; device < 100; device++)
    for (let at = 0; at < 10; at++) {
      expect(names(`q${at}`, `d${device}`)).toBe(true);
      expect(names("q0", `d${device}`)).toBe(true);
    }
});

test("what is too much is a reject that says what to do", () => {
  const { limit: seriesLimit, names } = limitOf(2);
  names("a");
  names("b");
  const rules = { catalog, partitions: 4, ageMaxMs: undefined, seriesLimit };
  const send = (contract: string, payload: object) =>
    admit(rules, {
      topic: `devices/d/telemetry/${contract}`,
      payload: Buffer.from(JSON.stringify({ ts: 1_800_000_000_000, ...payload })),
      receivedAtMs: 1_800_000_000_000,
      traceparent: null,
      sender: null,
    });
  expect(send("measurement", { value: 1, quantity: "a" }).kind).toBe("reading");
  expect(send("measurement", { value: 1, quantity: "c" })).toMatchObject({
    kind: "reject",
    reason: "too_many_series",
    device: "d",
    contract: "measurement",
    detail:
      '2 values of "quantity" in an hour: a value that changes with every reading belongs in a field, not in a tag (device "d")',
  });
  // A reading that is refused anyway opens no series.
  const { limit, names: mayName } = limitOf(1);
  const bad = { ...rules, seriesLimit: limit };
  const payload = Buffer.from('{"ts":1,"value":1,"quantity":"old"}');
  const topic = "devices/d/telemetry/measurement";
  const old = admit(bad, {
    topic,
    payload,
    receivedAtMs: 1_800_000_000_000,
    traceparent: null,
    sender: null,
  });
  expect(old).toMatchObject({ reason: "clock_behind" });
  expect(mayName("first")).toBe(true);
});

test("contracts without tags are not asked about", () => {
  const { limit } = limitOf(0);
  expect(machine!.seriesTags).toEqual([]);
  const guarded = new Proxy({}, { get: () => expect.unreachable() });
  expect(limit.fault(machine!, "d", guarded)).toBeNull();
});

test("a device adds its burst of series, then so many an hour; what it named in the last day is not new", () => {
  const { clock, limit, names } = limitOf(4, undefined, 1);
  const add = (from: number, to: number): boolean[] =>
    Array.from({ length: to - from }, (_, at) => names(`q${from + at}`));
  expect(add(0, 4)).toEqual([true, true, true, true]);
  clock.ms = 3 * HOUR_MS;
  // Nothing counts for this hour any more, and three are earned.
  expect(add(4, 8)).toEqual([true, true, true, false]);
  expect(limit.refused).toEqual({ in_an_hour: 0, new: 1 });
  clock.ms = 6 * HOUR_MS;
  expect(add(0, 4)).toEqual([true, true, true, true]);
  expect(limit.fault(measurement!, "d", { value: 1, quantity: "x" })?.detail).toBe(
    '4 values of "quantity" in an hour: a value that changes with every reading belongs in a field, not in a tag (device "d")',
  );
  clock.ms = 9 * HOUR_MS;
  add(10, 14);
  clock.ms = 12 * HOUR_MS;
  expect([names("q20"), names("q21"), names("q22"), names("q23")]).toContain(false);
  clock.ms = 12 * HOUR_MS;
  expect(limit.fault(measurement!, "d", { value: 1, quantity: "y" })?.detail).toContain(
    '4 new values of "quantity", and 1 each hour: ',
  );
});

test("tags that tell no series apart, and keys of the payload, are series in the store as well", () => {
  const { limit } = limitOf(2);
  const properties = {
    room: { type: "string", "x-role": "tag" },
    firmware: { type: "string", "x-role": "tag", "x-series": false },
  };
  const described = compileContract(
    { name: "described", version: 1 },
    { type: "object", properties },
  );
  const keyed = compileContract(
    { name: "keyed", version: 1 },
    { type: "object", "x-partition-key": "room", required: ["room"], properties },
  );
  expect(described.seriesTags).toEqual(["room"]);
  const refused = (contract: typeof keyed, property: string): boolean[] =>
    ["1", "2", "3"].map((value) => limit.fault(contract, "d", { [property]: value }) !== null);
  expect(refused(described, "firmware")).toEqual([false, false, true]);
  expect(refused(keyed, "room")).toEqual([false, false, true]);
});
