import fc from "fast-check";
import { expect, test } from "vitest";
import { OpenWindows } from "../../../../cloud/aggregator/window.ts";
import type { FrameReading } from "../../../../contracts/messages/frame.ts";
import { identityOf } from "../../../../contracts/messages/identity.ts";
import {
  LAYOUTS,
  MINUTE_MS,
  type ParsedLine,
  environment,
  linesOf,
  parseLine,
} from "../../../support/lane-log.ts";

const LAYOUT = LAYOUTS.get("environment", 1)!;
const START_MS = 1_700_000_040_000 - (1_700_000_040_000 % MINUTE_MS);

interface Sample {
  readonly seq: number;
  readonly offsetMs: number;
  readonly co2: number;
}

/** As the lane does it. */
function addTo(windows: OpenWindows, reading: FrameReading, eventMs: number): number {
  const identity = identityOf(LAYOUT.contract, reading.payload, eventMs);
  return windows.add(LAYOUT, reading, eventMs, identity, 0);
}

function finalsOf(samples: readonly Sample[]): ParsedLine[] {
  const windows = new OpenWindows();
  for (const { seq, offsetMs, co2 } of samples) {
    const eventMs = START_MS + offsetMs;
    addTo(windows, environment("d", seq, eventMs, co2), eventMs);
  }
  return linesOf({ rollups: windows.close(Number.MAX_SAFE_INTEGER) })
    .map(parseLine)
    .filter(({ measurement }) => measurement === "environment_1m");
}

/** The definition, two passes over the distinct readings. */
function recompute(samples: readonly Sample[]): ParsedLine[] {
  const byStart = Map.groupBy(
    samples.toSorted((a, b) => a.offsetMs - b.offsetMs || a.seq - b.seq),
    ({ offsetMs }) => Math.floor(offsetMs / MINUTE_MS),
  );
  return [...byStart.keys()]
    .sort((a, b) => a - b)
    .map((minute) => {
      const values = byStart.get(minute)!.map(({ co2 }) => co2);
      const sum = values.reduce((total, value) => total + value, 0);
      const mean = sum / values.length;
      const squares = values.reduce((total, value) => total + (value - mean) ** 2, 0);
      return {
        measurement: "environment_1m",
        tags: "region=eu,device=d",
        time: `${START_MS + minute * MINUTE_MS}000000`,
        fields: {
          count: values.length,
          co2_min: Math.min(...values),
          co2_max: Math.max(...values),
          co2_mean: mean,
          co2_sum: sum,
          co2_stddev: values.length < 2 ? 0 : Math.sqrt(squares / (values.length - 1)),
          co2_first: values[0]!,
          co2_last: values.at(-1)!,
        },
      };
    });
}

const samples = fc.uniqueArray(
  fc.record({
    seq: fc.nat({ max: 300 }),
    offsetMs: fc.nat({ max: 3 * MINUTE_MS }),
    co2: fc.integer({ min: 0, max: 100_000 }),
  }),
  { selector: ({ seq }) => seq, minLength: 1, maxLength: 60 },
);

test("any order and repetition of the same readings gives the rollup of the definition", () => {
  const disordered = samples.chain((original) =>
    fc.record({
      original: fc.constant(original),
      arrival: fc
        .tuple(
          fc.shuffledSubarray(original, { minLength: original.length }),
          fc.array(fc.constantFrom(...original), { maxLength: 30 }),
        )
        .map(([shuffled, repeats]) => [...shuffled, ...repeats]),
    }),
  );
  fc.assert(
    fc.property(disordered, ({ original, arrival }) => {
      const finals = finalsOf(arrival);
      expect(finals).toEqual(finalsOf(original));
      const expected = recompute(original);
      expect(finals).toHaveLength(expected.length);
      finals.forEach((final, at) => {
        const { fields, ...rest } = expected[at]!;
        const { co2_stddev, ...exact } = fields;
        expect(final).toMatchObject({ ...rest, fields: exact });
        // The definition rounds at every step.
        expect(final.fields["co2_stddev"]).toBeCloseTo(co2_stddev!, 6);
      });
    }),
  );
});

test("the deviation of large, close values does not cancel", () => {
  const offsets = [4, 7, 13, 16].map((add, seq) => ({ seq, offsetMs: seq, co2: 1e9 + add }));
  expect(finalsOf(offsets)[0]!.fields["co2_stddev"]).toBeCloseTo(Math.sqrt(30), 9);
});

test("quantiles are within 1 % of the definition's, in the minute as in its parts", () => {
  const values = Array.from({ length: 600 }, (_, seq) => ({
    seq,
    offsetMs: seq * 100,
    co2: 400 + ((seq * 7919) % 1_000),
  }));
  const [minute] = finalsOf(values);
  const sorted = values.map(({ co2 }) => co2).sort((a, b) => a - b);
  for (const [name, q] of [
    ["co2_p50", 0.5],
    ["co2_p90", 0.9],
    ["co2_p99", 0.99],
  ] as const) {
    const exact = sorted[Math.floor(q * (sorted.length - 1))]!;
    expect(Math.abs(minute!.fields[name]! - exact) / exact).toBeLessThanOrEqual(0.0101);
  }
});

test("an open rollup is written when it changed, and once more before its final", () => {
  const windows = new OpenWindows();
  addTo(windows, environment("d", 1, START_MS), START_MS);
  expect(windows.takeOpen(10).map(({ count }) => count)).toEqual([1, 1]);
  expect(windows.takeOpen(10)).toEqual([]);
  addTo(windows, environment("d", 1, START_MS), START_MS);
  expect(windows.takeOpen(10)).toEqual([]);
  addTo(windows, environment("d", 2, START_MS), START_MS);
  expect(
    linesOf({ rollups: windows.close(START_MS + MINUTE_MS) }).map(
      (line) => parseLine(line).measurement,
    ),
  ).toEqual(["environment_10s_open", "environment_1m_open", "environment_10s", "environment_1m"]);
  expect(windows.takeOpen(10)).toEqual([]);
});

test("open rollups are taken some series at a time, those first that wait longest", () => {
  const windows = new OpenWindows();
  for (const device of ["a", "b", "c"]) addTo(windows, environment(device, 1, START_MS), START_MS);
  expect(windows.changed).toBe(3);
  const keysOf = (seriesMax: number) => windows.takeOpen(seriesMax).map(({ key }) => key);
  expect(keysOf(1)).toEqual(["a", "a"]);
  addTo(windows, environment("a", 2, START_MS), START_MS);
  expect(keysOf(2)).toEqual(["b", "b", "c", "c"]);
  expect(keysOf(2)).toEqual(["a", "a"]);
  expect(windows.changed).toBe(0);
});
