// Goal: a disk that fills up is told a week ahead, one that fills faster in time, and nothing is told of noise.
import fc from "fast-check";
import { expect, test } from "vitest";
import { Growth, KEPT_MS, Odometer } from "../../../../../cloud/insight/volumes/growth.ts";

const [MINUTE_MS, HOUR_MS, DAY_MS] = [60_000, 3_600_000, 86_400_000];
const GIB = 1024 ** 3;
const START_MS = 1_800_000_000_000;

/** A minute after the other; `used` says how much is there by then. */
function watched(forMs: number, used: (sinceMs: number) => number, of = new Growth()): Growth {
  for (let ms = 0; ms <= forMs; ms += MINUTE_MS) of.observe(START_MS + ms, used(ms));
  return of;
}

const steady = (gibPerDay: number) => (ms: number) => 10 * GIB + (ms / DAY_MS) * gibPerDay * GIB;

test("steady growth is measured, and a week is told after a day", () => {
  const growth = watched(DAY_MS, steady(10));
  expect(growth.bytesPerDay! / GIB).toBeCloseTo(10, 5);
  expect(growth.fullInMs(65 * GIB)! / DAY_MS).toBeCloseTo(6.5, 5);
  expect(growth.fullInMs(100 * GIB)).toBeNull();
});

test("a disk that fills within an hour is told within eight minutes", () => {
  const fills = steady(24 * 10);
  expect(watched(9 * MINUTE_MS, fills).fullInMs(10 * GIB)! / HOUR_MS).toBeCloseTo(1, 5);
});

test("what begins after a week of quiet is told before it is most of what was seen", () => {
  const quiet = watched(KEPT_MS, () => 10 * GIB);
  expect(quiet.fullInMs(1)).toBeNull();
  const from = (ms: number) => 10 * GIB + (ms / HOUR_MS) * GIB;
  for (let ms = MINUTE_MS; ms <= HOUR_MS; ms += MINUTE_MS)
    quiet.observe(START_MS + KEPT_MS + ms, from(ms));
  expect(quiet.fullInMs(4 * GIB)! / HOUR_MS).toBeCloseTo(4, 0);
});

test("compactions and a file that comes and goes are no growth", () => {
  // Half a GiB is written in six hours and merged into nothing, over and over.
  const saw = watched(
    2 * DAY_MS,
    (ms) => 10 * GIB + ((ms % (6 * HOUR_MS)) / (6 * HOUR_MS)) * 0.5 * GIB,
  );
  expect(Math.abs(saw.bytesPerDay!)).toBeLessThan(0.2 * GIB);
  expect(saw.fullInMs(20 * GIB)).toBeNull();
  const step = watched(DAY_MS, (ms) => (ms > 20 * HOUR_MS ? 25 * GIB : 10 * GIB));
  expect(step.fullInMs(20 * GIB)).toBeNull();
});

test("the start of something is no rate: nothing is told for longer than it was watched, times eight", () => {
  const burst = watched(10 * MINUTE_MS, (ms) => GIB + (ms / MINUTE_MS) * 50 * 1024 ** 2);
  expect(burst.fullInMs(100 * GIB)).toBeNull();
  expect(new Growth().fullInMs(1)).toBeNull();
  expect(watched(3 * MINUTE_MS, steady(10)).bytesPerDay).toBeNull();
});

test("what was seen before a restart counts, across the gap", () => {
  const before = watched(12 * HOUR_MS, steady(10));
  const after = new Growth(JSON.parse(JSON.stringify(before.samples)) as [number, number][]);
  for (let ms = 20 * HOUR_MS; ms <= DAY_MS; ms += MINUTE_MS)
    after.observe(START_MS + ms, steady(10)(ms));
  expect(after.bytesPerDay! / GIB).toBeCloseTo(10, 5);
  expect(after.fullInMs(65 * GIB)! / DAY_MS).toBeCloseTo(6.5, 5);
});

test("a year of samples is few, and a clock that goes back does no harm", () => {
  const growth = watched(20 * DAY_MS, steady(1));
  expect(growth.samples.length).toBeLessThan(300);
  expect(growth.samples.at(-1)![0] - growth.samples[0]![0]).toBeGreaterThan(0.9 * KEPT_MS);
  growth.observe(START_MS, 1);
  expect(growth.samples).toEqual([[START_MS, 1]]);
});

test("noise moves the rate by little, wherever it falls", () =>
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 300, maxLength: 300 }),
      (noise) => {
        const growth = watched(
          300 * MINUTE_MS,
          (ms) => steady(10)(ms) + 0.02 * GIB * (noise[ms / MINUTE_MS] ?? 0),
        );
        expect(growth.bytesPerDay! / GIB).toBeGreaterThan(9);
        expect(growth.bytesPerDay! / GIB).toBeLessThan(11);
      },
    ),
    { numRuns: 30 },
  ));

test("bytes over a link are added up through restarts of who counts them", () => {
  const odometer = new Odometer(1_000);
  expect([500, 700, 20, 50].map((counter) => odometer.read(counter))).toEqual([
    1_000, 1_200, 1_220, 1_250,
  ]);
});
