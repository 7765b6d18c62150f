import fc from "fast-check";
import { expect, test } from "vitest";
import { QUANTILE_ACCURACY, ZERO_SHARE_MAX } from "../../../../cloud/aggregator/magnitudes.ts";
import { EXACT_VALUES_MAX } from "../../../../cloud/aggregator/quantiles.ts";
import { Recomputation } from "../../../../cloud/aggregator/recompute.ts";
import type { FieldStatistics } from "../../../../cloud/aggregator/statistics.ts";
import type { ContractLayout } from "../../../../cloud/aggregator/contract-layout.ts";
import type { StoredReading } from "../../../../cloud/sinks/sink.ts";
import { OpenWindows } from "../../../../cloud/aggregator/window.ts";
import { ROLLUP_VALUES, type RollupEffect } from "../../../../cloud/sinks/effects.ts";
import { ROLLUP_QUANTILES } from "../../../../contracts/names/measurements.ts";
import { LAYOUTS, MINUTE_MS, environment, linesOf } from "../../../support/lane-log.ts";
import { NEAR, type TimedValue, plainStatistics } from "../../../support/plain-statistics.ts";

const LAYOUT = LAYOUTS.get("environment", 1)!;
/** The one with quantiles. */
const PLACE = LAYOUT.rolledUp.find(({ name }) => name === "co2")!.at;
const START_MS = 1_700_000_040_000 - (1_700_000_040_000 % MINUTE_MS);

type Named = Record<
  Exclude<keyof FieldStatistics, "add" | "merge" | "quantiles" | "values">,
  number
>;

const readingOf = ({ value, eventMs, sequence }: TimedValue) =>
  environment("d", sequence, eventMs, value);

/** Finals of readings in the order in which they arrive. */
function finalsOf(arrived: readonly TimedValue[]): RollupEffect[] {
  const windows = new OpenWindows();
  for (const [at, of] of arrived.entries())
    windows.add(LAYOUT, readingOf(of), of.eventMs, Number.NaN, at);
  return windows.close(START_MS + MINUTE_MS).filter(({ revision }) => revision !== null);
}

/** Finals made from stored points, as a repair makes them. */
const repairedOf = (stored: readonly TimedValue[]): RollupEffect[] =>
  recomputed(
    LAYOUT,
    stored.map((of) => ({ device: "d", eventMs: of.eventMs, payload: readingOf(of).payload })),
  );

/** As the repair job recomputes them, from readings in two parts. */
function recomputed(layout: ContractLayout, stored: readonly StoredReading[]): RollupEffect[] {
  const recomputation = new Recomputation(layout, "d");
  const half = stored.length >>> 1;
  recomputation.add(stored.slice(0, half));
  recomputation.add(stored.slice(half));
  return recomputation.take(Number.POSITIVE_INFINITY).flatMap(({ finals }) => finals);
}

const bitsOf = (rollups: readonly RollupEffect[]): string[] =>
  rollups.map(({ window, startMs, count, fields }) =>
    [window.name, startMs, count, ...fields[PLACE]!].join(" "),
  );

const isNear = (value: number, exact: number): boolean =>
  value === exact || Math.abs(value - exact) <= NEAR * Math.abs(exact) + Number.MIN_VALUE;

function expectRight({ window, startMs, count, fields }: RollupEffect, all: readonly TimedValue[]) {
  const values = all.filter(
    ({ eventMs }) => eventMs >= startMs && eventMs < startMs + window.sizeMs,
  );
  const { quantiles, ...plain } = plainStatistics(values);
  const named = Object.fromEntries(
    ROLLUP_VALUES.map((name, at) => [name, fields[PLACE]![at]!]),
  ) as Named;
  const { mean, stddev, ...exact } = { ...plain, count };
  for (const [name, value] of Object.entries(exact))
    if (name !== "count" && named[name as keyof Named] !== value)
      expect({ [name]: named[name as keyof Named] }).toEqual({ [name]: value });
  expect(count).toBe(values.length);
  if (!isNear(named.mean, mean)) expect(named.mean).toBe(mean);
  if (!isNear(named.stddev, stddev)) expect(named.stddev).toBe(stddev);
  expect(named.mean >= plain.min && named.mean <= plain.max).toBe(true);
  const greatest = Math.max(Math.abs(plain.min), Math.abs(plain.max));
  quantiles.forEach((quantile, at) => {
    const told = fields[PLACE]![ROLLUP_VALUES.length - ROLLUP_QUANTILES.length + at]!;
    const allowed = QUANTILE_ACCURACY * Math.abs(quantile) * (1 + 1e-9) + ZERO_SHARE_MAX * greatest;
    const off = Math.abs(told - quantile);
    if (values.length <= EXACT_VALUES_MAX ? off > 0 : !(off <= allowed))
      expect({ off, told }).toEqual({ off: 0, told: quantile });
    expect(told >= plain.min && told <= plain.max).toBe(true);
  });
}

const anyValue = fc.double({ noNaN: true, noDefaultInfinity: true });
/** Values of one window: each kind is one that a plain sketch or a plain sum gets wrong. */
const KINDS: Readonly<Record<string, fc.Arbitrary<fc.Arbitrary<number>>>> = {
  "a freezer": fc.constant(fc.integer({ min: -189, max: -180 }).map((tenths) => tenths / 10)),
  negative: fc.constant(fc.double({ min: -1_000, max: -1e-3, noNaN: true })),
  mixed: fc.constant(fc.double({ min: -50, max: 50, noNaN: true })),
  "mostly zero": fc.constant(fc.constantFrom(0, 0, -0, 1, -1)),
  constant: anyValue.map((value) => fc.constant(value)),
  "tiny spread": fc
    .double({ min: 1, max: 1e9, noNaN: true })
    .map((base) => fc.nat({ max: 9 }).map((step) => base * (1 + step * Number.EPSILON))),
  "around one": fc.constant(fc.double({ min: 0.2, max: 1.1, noNaN: true })),
  integers: fc.constant(fc.maxSafeInteger()),
  "any magnitude": fc.constant(
    fc
      .tuple(fc.double({ min: -300, max: 300, noNaN: true }), fc.constantFrom(1, -1))
      .map(([exponent, sign]) => sign * 10 ** exponent),
  ),
  "anything that is a number": fc.constant(anyValue),
};

const lengths = fc.oneof(
  { weight: 8, arbitrary: fc.constant({ minLength: 1, maxLength: 25 }) },
  { weight: 1, arbitrary: fc.constant({ minLength: EXACT_VALUES_MAX - 1, maxLength: 200 }) },
);
const windows = fc.tuple(fc.oneof(...Object.values(KINDS)), lengths).chain(([value, bounds]) =>
  fc.array(
    fc.record({
      value,
      offsetMs: fc.nat({ max: MINUTE_MS - 1 }),
      arrival: fc.nat({ max: 1_000 }),
      late: fc.boolean(),
    }),
    { ...bounds, size: "max" },
  ),
);

test(
  "in 10,000 windows every statistic is that of the definition, before and after a late repair",
  { timeout: 30_000 },
  () => {
    let compared = 0;
    const compare = (finals: readonly RollupEffect[], all: readonly TimedValue[]): void => {
      for (const final of finals) expectRight(final, all);
      compared += finals.length;
    };
    fc.assert(
      fc.property(windows, (entries) => {
        const all = entries.map(({ value, offsetMs }, sequence) => ({
          value,
          eventMs: START_MS + offsetMs,
          sequence,
        }));
        const arrived = all.toSorted(
          (a, b) => entries[a.sequence]!.arrival - entries[b.sequence]!.arrival,
        );
        const inTime = arrived.filter(({ sequence }) => !entries[sequence]!.late);
        compare(finalsOf(inTime), inTime);
        const repaired = repairedOf(all);
        compare(repaired, all);
        expect(bitsOf(repaired)).toEqual(bitsOf(finalsOf(arrived)));
      }),
      { numRuns: 2_000 }, // Each has a minute and its tens of seconds, as they were and repaired.
    );
    expect(compared).toBeGreaterThan(10_000);
  },
);

test("readings of one device with any mix of tags give each series its own statistics", () => {
  const layout = LAYOUTS.get("measurement", 1)!;
  const tag = fc.constantFrom(undefined, "", "a", "b", "a,b", "a=b", "{a}", "\\");
  const tagged = fc.array(
    fc.record({
      value: fc.integer({ min: -1_000, max: 1_000 }),
      offsetMs: fc.nat({ max: MINUTE_MS - 1 }),
      quantity: tag,
      sensor: tag,
    }),
    { minLength: 1, maxLength: 60 },
  );
  const nameOf = (quantity: unknown, sensor: unknown): string =>
    JSON.stringify([quantity ?? "", sensor ?? ""]);
  fc.assert(
    fc.property(tagged, (entries) => {
      const windows = new OpenWindows();
      const stored = entries.map(({ value, offsetMs, quantity, sensor }, at) => {
        const payload = { value, quantity, sensor };
        const eventMs = START_MS + offsetMs;
        const reading = { ...environment("d", at, eventMs), contract: "measurement", payload };
        windows.add(layout, reading, eventMs, Number.NaN, at);
        return { device: "d", eventMs, payload };
      });
      const finals = windows
        .close(START_MS + MINUTE_MS)
        .filter(({ revision }) => revision !== null);
      const expected = Map.groupBy(entries, ({ quantity, sensor }) => nameOf(quantity, sensor));
      const minutes = finals.filter(({ window }) => window.sizeMs === MINUTE_MS);
      expect(minutes).toHaveLength(expected.size);
      for (const { window, startMs, tags, count, fields } of finals) {
        const { quantity, sensor } = Object.fromEntries(tags);
        const own = expected
          .get(nameOf(quantity, sensor))!
          .map(({ offsetMs, ...of }) => ({ ...of, eventMs: START_MS + offsetMs }))
          .filter(({ eventMs }) => eventMs >= startMs && eventMs < startMs + window.sizeMs);
        const values = own.map(({ value }) => value).sort((a, b) => a - b);
        const [min, max, , sum] = fields[0]!;
        expect({ count, min, max, sum }).toEqual({
          count: own.length,
          min: values[0],
          max: values.at(-1),
          sum: values.reduce((total, value) => total + value, 0),
        });
        const p50 = fields[0]![ROLLUP_VALUES.indexOf("p50")];
        expect(p50).toBe(values[Math.floor(0.5 * (values.length - 1))]);
      }
      const linesOfAll = (all: readonly RollupEffect[]): string[] =>
        linesOf({ rollups: all }).sort();
      const repaired = recomputed(LAYOUTS.ofAllVersions("measurement")!, stored);
      expect(linesOfAll(repaired)).toEqual(linesOfAll(finals));
    }),
    { numRuns: 300 },
  );
});

const minuteOf = (values: readonly number[]): Record<string, number> => {
  const all = values.map((value, sequence) => ({
    value,
    eventMs: START_MS + Math.floor((sequence * MINUTE_MS) / values.length),
    sequence,
  }));
  const final = finalsOf(all).at(-1)!;
  return Object.fromEntries(ROLLUP_VALUES.map((name, at) => [name, final.fields[PLACE]![at]!]));
};

test.for([60, 600, 6_000])(
  "a freezer's minute of %i readings has a freezer's quantiles",
  (count) => {
    const values = Array.from({ length: count }, (_, at) => -18 - ((at * 7) % 10) / 10);
    const sorted = values.toSorted((a, b) => a - b);
    const minute = minuteOf(values);
    for (const { name, q } of ROLLUP_QUANTILES) {
      const exact = sorted[Math.floor(q * (count - 1))]!;
      expect(Math.abs(minute[name]! - exact)).toBeLessThanOrEqual(-0.01 * exact);
      expect(minute[name]).toBeGreaterThanOrEqual(-18.9);
      expect(minute[name]).toBeLessThanOrEqual(-18);
    }
  },
);

test.for([1, 60, 600, 6_000])(
  "%i times the same value has that value as every mean and quantile",
  (count) => {
    for (const value of [32, 0.1, -18.3, 0, 1e-320, 1e300]) {
      const { mean, stddev, p50, p90, p95, p99 } = minuteOf(
        Array.from({ length: count }, () => value),
      );
      expect([mean, p50, p90, p95, p99, stddev]).toEqual([value, value, value, value, value, 0]);
    }
  },
);

test("quantiles of up to a reading a second are exact, however little the values vary", () => {
  const values = Array.from({ length: 60 }, (_, at) => 26.02 + ((at * 7) % 60) * 0.0004);
  const sorted = values.toSorted((a, b) => a - b);
  const { p50, p90, p95, p99 } = minuteOf(values);
  expect([p50, p90, p95, p99]).toEqual([sorted[29], sorted[53], sorted[56], sorted[58]]);
});

test("the deviation of values that differ in their last digit is right", () => {
  const steps = [0, 1, 3].map((step) => 26 + step * 2 ** -48);
  expect(minuteOf(steps)["stddev"]! / 2 ** -48).toBeCloseTo(Math.sqrt(7 / 3), 12);
});

test("a number that no sensor sends spoils the statistics of none beside it", () => {
  const { sum, mean, stddev, min, max } = minuteOf([1e308, 1e308, -1e308, -1e308, 3]);
  expect({ sum, mean, min, max }).toEqual({ sum: 3, mean: 0.6, min: -1e308, max: 1e308 });
  expect(stddev! / 1e308).toBeCloseTo(1, 12);
});
