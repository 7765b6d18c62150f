import fc from "fast-check";
import { expect, test } from "vitest";
import { hasOwnTime, identityOf } from "../../../../contracts/messages/identity.ts";
import { eventTimeMs } from "../../../../contracts/messages/reading.ts";
import { compileContract } from "../../../../contracts/schema/contract.ts";

const contractOf = (identity: string, version = 1) =>
  compileContract(
    { name: "pump", version },
    {
      type: "object",
      "x-identity": identity,
      required: ["ts", "seq"],
      properties: {
        ts: { type: ["integer", "string"], "x-role": "time" },
        seq: { type: "integer", "x-role": "sequence" },
        line: { type: ["string", "integer"], "x-role": "tag" },
        flow: { type: "number", "x-role": "field" },
        open: { type: "boolean", "x-role": "field" },
        note: { type: "string", "x-role": "field" },
        ...(version > 1 ? { added: { type: "number", "x-role": "field" } } : {}),
      },
    },
  );
const TIMED = contractOf("time");
const COUNTED = contractOf("sequence");
const RECEIVED_MS = 1_800_000_000_000;

const of = (payload: Record<string, unknown>, contract = TIMED): number =>
  identityOf(contract, payload, Math.floor(eventTimeMs(contract, payload, RECEIVED_MS)));

const instants = fc.integer({ min: 0, max: 4_000_000_000_000 });

/** One instant as a device may write it. */
const spelt = (ms: number, way: number): number | string => {
  const iso = new Date(ms).toISOString();
  const inParis = new Date(ms + 2 * 3_600_000).toISOString();
  return [
    ms,
    iso,
    iso.replace("Z", "000+00:00"),
    inParis.replace("Z", "+02:00"),
    inParis.replace("Z", "+0200"),
  ][way]!;
};

test("one reading is one however its time, its numbers and its keys are spelt", () => {
  fc.assert(
    fc.property(
      instants,
      fc.nat({ max: 4 }),
      fc.nat({ max: 4 }),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.string(),
      (ms, one, other, flow, note) => {
        const first = { ts: spelt(ms, one), seq: 1, flow, note };
        const text = `{"note":${JSON.stringify(note)},"flow":${JSON.stringify(flow)},"seq":1.0}`;
        const again = { ...(JSON.parse(text) as object), ts: spelt(ms, other) };
        expect(of(again)).toBe(of(first));
      },
    ),
  );
});

const readings = fc.record(
  {
    ts: fc.integer({ min: 0, max: 3 }),
    seq: fc.integer({ min: -2, max: 2 }),
    line: fc.constantFrom("a", "b", "ab", "1"),
    flow: fc.constantFrom(0, 1, 2, 0.5, -0.5, 1e300),
    open: fc.boolean(),
    note: fc.constantFrom("", "a", "b", "ab", "true"),
  },
  { requiredKeys: ["ts", "seq"] },
);

test("readings that differ in anything that is kept have different identities", () => {
  fc.assert(
    fc.property(readings, readings, (a, b) => {
      const isSame = JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
      expect(of(a) === of(b)).toBe(isSame);
      expect(of(a, COUNTED) === of(b, COUNTED)).toBe(isSame);
    }),
    { numRuns: 2_000 },
  );
});

const sorted = (reading: object): unknown =>
  Object.entries(reading).sort(([a], [b]) => (a < b ? -1 : 1));

test("a million readings of small numbers have a million identities", () => {
  const known = new Set<number>();
  for (let seq = 0; seq < 1_000; seq++)
    for (let tenths = 0; tenths < 1_000; tenths++) known.add(of({ ts: 5, seq, flow: tenths / 10 }));
  expect(known.size).toBe(1_000_000);
});

test("digits below the millisecond tell readings apart", () => {
  const at = (digits: string) => of({ ts: `2026-01-01T00:00:00.${digits}Z`, seq: 1, flow: 1 });
  expect(at("123456")).not.toBe(at("123457"));
  expect(at("123456")).toBe(at("123456000"));
  expect(at("1230")).toBe(at("123"));
});

test("a later version that has one more field keeps the identities of readings without it", () => {
  const payload = { ts: 5, seq: 1, flow: 2 };
  expect(of(payload, contractOf("time", 2))).toBe(of(payload));
});

test("what the contract does not know is not part of the identity, nor is an empty value", () => {
  const payload = { ts: 5, seq: 1, flow: 2 };
  expect(of({ ...payload, firmware: "2.0", line: null })).toBe(of(payload));
});

test("without a sequence and a time of its own a reading is equal to none, itself included", () => {
  expect(hasOwnTime(TIMED, { seq: 1, flow: 2 })).toBe(false);
  expect(of({ seq: 1, flow: 2 })).toBeNaN();
  expect(of({ ts: 5, seq: 1, flow: 2 }, contractOf("none"))).toBeNaN();
  expect(of({ seq: 1, flow: 2 }, COUNTED)).toBe(of({ seq: 1, flow: 2 }, COUNTED));
});
