import fc from "fast-check";
import { expect, test } from "vitest";
import { EXACT_VALUES_MAX } from "../../../../cloud/aggregator/quantiles.ts";
import { FieldStatistics } from "../../../../cloud/aggregator/statistics.ts";
import { rollupValues } from "../../../../cloud/sinks/effects.ts";
import type { Row } from "../../../../cloud/sinks/influx/client.ts";
import type { Contract } from "../../../../contracts/schema/contract.ts";
import { type AuditedContract, wrongStatistics } from "../../../../infra/local/audit-rollups.ts";

const CONTRACT: AuditedContract = {
  sequenceProperty: "seq",
  fields: [
    { name: "power", type: "number", unit: "W", quantiles: true },
    { name: "relay", type: "boolean", unit: undefined, quantiles: false },
    { name: "gas", type: "number", unit: undefined, quantiles: false },
  ] satisfies Contract["fields"],
};
const SERIES = {
  name: "energy",
  tag: "device",
  fields: [
    { name: "power", quantiles: true },
    { name: "gas", quantiles: false },
  ],
};

interface Point {
  readonly power: number;
  readonly ms: number;
}

const rowsOf = (points: readonly Point[]): Row[] =>
  points.map(({ power, ms }, seq) => ({
    time: new Date(ms).toISOString().replace("Z", `${String(seq).padStart(6, "0")}Z`),
    seq,
    power,
    relay: true,
    gas: null,
  }));

function rollupOf(points: readonly Point[]): Row {
  const power = new FieldStatistics(true);
  power.addColumn(
    {
      values: points.map((point) => point.power),
      columns: 1,
      count: points.length,
      timesMs: points.map(({ ms }) => ms),
      orders: points.map((_, seq) => seq),
    },
    0,
  );
  const fields = [power.values, new FieldStatistics(false).values];
  return Object.fromEntries(rollupValues({ series: SERIES, count: points.length, fields }));
}

const points = fc.array(
  fc.record({
    power: fc.double({ min: -500, max: 500, noNaN: true }),
    ms: fc.integer({ min: 1_700_000_000_000, max: 1_700_000_000_050 }),
  }),
  { minLength: 2, maxLength: 2 * EXACT_VALUES_MAX, size: "max" },
);

test("nothing is wrong with what the aggregator computes", () => {
  fc.assert(
    fc.property(points, (of) => {
      expect(wrongStatistics(rollupOf(of), rowsOf(of), CONTRACT)).toEqual([]);
    }),
  );
});

test("each statistic that is off is named, and what its points give", () => {
  const of = [-18, -18.5, -18.9, -18.1].map((power, at) => ({ power, ms: 1_700_000_000_000 + at }));
  const right = rollupOf(of);
  for (const [name, value] of Object.entries(right)) {
    const wrong = wrongStatistics({ ...right, [name]: Number(value) * 1.02 }, rowsOf(of), CONTRACT);
    expect(wrong).toHaveLength(1);
    expect(wrong[0]).toMatch(`${name} is ${Number(value) * 1.02}, its points give `);
    const { [name]: _, ...without } = right;
    const lacking = wrongStatistics(without, rowsOf(of), CONTRACT);
    expect(lacking).toHaveLength(1);
    expect(lacking[0]).toMatch(`${name} is null, its points give `);
  }
});

test("an estimate outside of the least and greatest value is wrong, however near it is", () => {
  const of = Array.from({ length: 2 * EXACT_VALUES_MAX }, (_, at) => ({ power: 32, ms: at }));
  const off = { ...rollupOf(of), power_p50: 32.139 };
  expect(wrongStatistics(off, rowsOf(of), CONTRACT)).toEqual([
    "power_p50 is 32.139, its points give 32",
  ]);
});

test("statistics of a field that no point has are wrong", () => {
  const of = [{ power: 1, ms: 0 }];
  expect(wrongStatistics({ ...rollupOf(of), gas_min: 0 }, rowsOf(of), CONTRACT)).toEqual([
    "gas_min is there, but no point has gas",
  ]);
});
