import fc from "fast-check";
import { expect, test } from "vitest";
import { mergedRollup } from "../../../../cloud/aggregator/long-statistics.ts";
import { FieldStatistics } from "../../../../cloud/aggregator/statistics.ts";
import { OpenWindows } from "../../../../cloud/aggregator/window.ts";
import { type RollupEffect, ROLLUP_VALUES, rollupValues } from "../../../../cloud/sinks/effects.ts";
import type { StoredRollup } from "../../../../cloud/sinks/sink.ts";
import { DAY, HOUR, MINUTE } from "../../../../contracts/names/measurements.ts";
import { LAYOUTS, environment } from "../../../support/lane-log.ts";

const LAYOUT = LAYOUTS.get("environment", 1)!;
const CO2 = LAYOUT.rolledUp.find(({ name }) => name === "co2")!.at;
const HOUR_MS = HOUR.sizeMs;
const START_MS = Date.UTC(2026, 10, 27);
/** Sums of parts that were rounded, and squares of differences of their means. */
const ROUNDED = 1e-9;

interface Value {
  readonly atMs: number;
  readonly value: number | null;
}

const storedOf = (rollup: RollupEffect): StoredRollup => ({
  tags: rollup.tags,
  startMs: rollup.startMs,
  revision: rollup.revision!,
  // As a store gives it back.
  values: JSON.parse(JSON.stringify(Object.fromEntries(rollupValues(rollup)))) as object as Record<
    string,
    unknown
  >,
});

/** Finals of the minutes of values, as a store has them. */
function minutesOf(values: readonly Value[]): StoredRollup[] {
  const windows = new OpenWindows();
  values.forEach(({ atMs, value }, at) => {
    const reading = environment("d", at, atMs, value ?? 0);
    if (value === null) delete reading.payload["co2"];
    windows.add(LAYOUT, reading, atMs, Number.NaN, at);
  });
  return windows
    .close(Number.MAX_SAFE_INTEGER)
    .filter(({ window, revision }) => window === MINUTE && revision !== null)
    .map(storedOf);
}

const merged = (parts: readonly StoredRollup[], window: typeof HOUR | typeof DAY): RollupEffect =>
  mergedRollup(
    { series: LAYOUT.series, of: { key: "d", tags: [] }, window, startMs: START_MS },
    parts,
  );

/** All values in one window, without a merger. */
function directly(values: readonly Value[]): FieldStatistics {
  const statistics = new FieldStatistics(true);
  const known = values.flatMap(({ atMs, value }, at) =>
    value === null ? [] : { atMs, value, at },
  );
  statistics.addColumn(
    {
      values: known.map(({ value }) => value),
      columns: 1,
      count: known.length,
      timesMs: known.map(({ atMs }) => atMs),
      orders: known.map(({ at }) => at),
    },
    0,
  );
  return statistics;
}

const named = (values: readonly number[]): Record<string, number> =>
  Object.fromEntries(values.map((value, at) => [ROLLUP_VALUES[at]!, value]));

function expectSame(rollup: RollupEffect, values: readonly Value[], isExact: boolean): void {
  const direct = directly(values);
  expect(rollup.count).toBe(values.length);
  const told = named(rollup.fields[CO2]!);
  if (direct.count === 0) return expect(rollup.fields[CO2]).toEqual([]);
  const scale = Math.max(Math.abs(direct.min), Math.abs(direct.max));
  for (const [name, value] of Object.entries(named(direct.values)))
    if (["sum", "mean", "stddev"].includes(name))
      expect(Math.abs(told[name]! - value)).toBeLessThanOrEqual(
        ROUNDED * scale * (name === "sum" ? direct.count : 1),
      );
    else if (isExact || !name.startsWith("p")) expect([name, told[name]]).toEqual([name, value]);
    else expect(Math.abs(told[name]! - value)).toBeLessThanOrEqual(0.0101 * Math.abs(value));
}

const valueAt = (spanMs: number): fc.Arbitrary<Value> =>
  fc.record({
    atMs: fc.integer({ min: 0, max: spanMs - 1 }).map((ms) => START_MS + ms),
    value: fc.oneof(
      fc
        .double({ min: -1e6, max: 1e6, noNaN: true })
        .map((value) => Math.round(value * 100) / 100 + 0),
      fc.integer({ min: 400, max: 402 }),
      fc.constant(null),
    ),
  });

test("an hour merged from its minutes is what its readings give", () => {
  fc.assert(
    fc.property(fc.array(valueAt(HOUR_MS), { minLength: 1, maxLength: 400 }), (values) => {
      const minutes = minutesOf(values);
      const hour = merged(minutes, HOUR);
      const most = Math.max(...minutes.map(({ values: of }) => Number(of["count"])));
      expectSame(hour, values, most <= 16 || directly(values).count > 64);
      // The order in which a store gives them back changes no bit.
      expect(merged(minutes.toReversed(), HOUR)).toEqual(hour);
    }),
  );
});

test("a day merged from its hours is what its readings give", () => {
  fc.assert(
    fc.property(fc.array(valueAt(DAY.sizeMs), { minLength: 1, maxLength: 600 }), (values) => {
      const byHour = Map.groupBy(values, ({ atMs }) => Math.floor(atMs / HOUR_MS));
      const hours = [...byHour].map(([hour, of]) => ({
        ...storedOf(merged(minutesOf(of), HOUR)),
        startMs: hour * HOUR_MS,
      }));
      expectSame(merged(hours, DAY), values, true);
    }),
    { numRuns: 40 },
  );
});

test("minutes of sixty values are estimates within one per cent, and so is the hour with no others", () => {
  const values = Array.from({ length: 60 }, (_, at) => ({
    atMs: START_MS + at * 1_000,
    value: 400 + 7 * at,
  }));
  expectSame(merged(minutesOf(values), HOUR), values, false);
});

test("values beyond what can be summed have a mean, and no sum", () => {
  const values = [0, 1, 2].map((at) => ({ atMs: START_MS + at * 60_000, value: 1.5e308 }));
  const told = named(merged(minutesOf(values), HOUR).fields[CO2]!);
  expect(told["mean"]).toBeCloseTo(1.5e308, -300);
  expect(Number.isFinite(told["sum"])).toBe(false);
});

test("minutes that an earlier version wrote, without sketches, give every statistic but quantiles", () => {
  const values = Array.from({ length: 90 }, (_, at) => ({
    atMs: START_MS + at * 20_000,
    value: at,
  }));
  const minutes = minutesOf(values).map((minute) => ({
    ...minute,
    values: Object.fromEntries(
      Object.entries(minute.values).filter(([name]) => !name.endsWith("_sketch")),
    ),
  }));
  expect(Object.keys(named(merged(minutes, HOUR).fields[CO2]!))).toEqual([
    ...["min", "max", "mean", "sum", "stddev", "first", "last"],
  ]);
});
