import { expect, test } from "vitest";
import { nextCopyMs } from "../../../../../gateway/alerting/state/save-pace.ts";

interface Copy {
  readonly lane: number;
  readonly atMs: number;
}

/** Lanes that save at the first frame after it is due. @param frames when each lane has one, ms. */
function run(
  lanes: number,
  of: { tookMs: number; bytes: number },
  frames: Iterable<number>,
): Copy[] {
  const dueMs = new Array<number>(lanes).fill(0);
  const copies: Copy[] = [];
  for (const nowMs of frames) {
    let atMs = nowMs;
    for (let lane = 0; lane < lanes; lane++) {
      if (atMs < dueMs[lane]!) continue;
      dueMs[lane] = nextCopyMs({ lane, lanes }, { beganMs: atMs, ...of });
      copies.push({ lane, atMs });
      atMs += of.tookMs;
    }
  }
  return copies;
}

const every = (periodMs: number, seconds: number): number[] =>
  Array.from({ length: Math.floor((seconds * 1_000) / periodMs) }, (_, at) => at * periodMs);
const perLane = (lanes: number, copies: readonly Copy[]): number[] =>
  Array.from({ length: lanes }, (_, lane) => copies.filter((copy) => copy.lane === lane).length);

test("under load small states are saved every second, never two of them at once", () => {
  const copies = run(4, { tookMs: 0.5, bytes: 1_000 }, every(8, 60));
  expect(Math.min(...perLane(4, copies))).toBeGreaterThan(57);
  const later = copies.filter(({ atMs }) => atMs > 1_000);
  const gaps = later.slice(1).map(({ atMs }, at) => atMs - later[at]!.atMs);
  expect(Math.min(...gaps)).toBeGreaterThan(200);
});

test.each([1, 4, 16])(
  "large states of %i lanes take 2 % of the time, and 4 MiB a second",
  (lanes) => {
    const slow = run(lanes, { tookMs: 20, bytes: 0 }, every(8, 300));
    expect((slow.length * 20) / 300_000).toBeLessThan(0.025);
    const large = run(lanes, { tookMs: 1, bytes: 8 * 1024 ** 2 }, every(8, 300));
    expect((large.length * 8) / 300).toBeLessThan(4 * 1.15);
    for (const copies of [slow, large])
      expect(Math.min(...perLane(lanes, copies))).toBeGreaterThan(5);
  },
);

test("copies of one lane that take some ms are fewer than one alert in a hundred could meet", () => {
  const copies = run(1, { tookMs: 14, bytes: 3 * 1024 ** 2 }, every(1, 300));
  expect((copies.length * 14) / 300_000).toBeLessThan(0.005);
  expect(copies.length).toBeGreaterThan(60);
});

// A gateway with nothing to say sends the empty frames of all lanes together.
test.each([1, 4, 16, 64])("none of %i lanes waits for the others in a quiet region", (lanes) => {
  for (const periodMs of [1_000, 1_250]) {
    const copies = run(lanes, { tookMs: 0.2, bytes: 500 }, every(periodMs, 600));
    const least = Math.min(...perLane(lanes, copies));
    expect(least).toBeGreaterThan((600_000 / periodMs) * 0.45);
  }
});
