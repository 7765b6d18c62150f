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

function limitOf(max: number, charsMax?: number) {
  const clock = { ms: 0 };
  const limit = new SeriesLimit(max, () => clock.ms, charsMax);
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
      '2 values of "quantity" in an hour: a value that changes with every reading belongs in a field, or give the tag "x-series": false (device "d")',
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
