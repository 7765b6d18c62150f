import { expect, test } from "vitest";
import { SavePace } from "../../../gateway/alerting/save-pace.ts";

/** Lanes that want to save all the time, and look every millisecond: when which of them did. */
function run(lanes: number, seconds: number, of: { tookMs: number; bytes: number }) {
  const pace = new SavePace(lanes);
  const pausedUntilMs = new Array<number>(lanes).fill(0);
  const copies: { lane: number; beganMs: number }[] = [];
  for (let nowMs = 0; nowMs < seconds * 1_000; nowMs++)
    for (let lane = 0; lane < lanes; lane++) {
      if (nowMs < pausedUntilMs[lane]! || !pace.isFree(nowMs)) continue;
      pausedUntilMs[lane] = nowMs + pace.copied({ beganMs: nowMs, ...of });
      copies.push({ lane, beganMs: nowMs });
    }
  return copies;
}

test("small states are saved every second, never two of them at once", () => {
  const copies = run(4, 60, { tookMs: 0.5, bytes: 1_000 });
  expect(copies.length / 4).toBeGreaterThan(55);
  const gaps = copies.slice(1).map(({ beganMs }, at) => beganMs - copies[at]!.beganMs);
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(50);
});

test.each([1, 4, 16])(
  "large states of %i lanes take 2 % of the time, and 4 MiB a second",
  (lanes) => {
    const slow = run(lanes, 300, { tookMs: 20, bytes: 0 });
    expect((slow.length * 20) / 300_000).toBeLessThan(0.025);
    const large = run(lanes, 300, { tookMs: 1, bytes: 8 * 1024 ** 2 });
    expect((large.length * 8) / 300).toBeLessThan(4 * 1.15);
    // And every lane has its turn.
    for (const copies of [slow, large])
      expect(new Set(copies.map(({ lane }) => lane)).size).toBe(lanes);
  },
);

test.each([1, 4, 16, 64])("none of %i lanes is kept waiting by the others", (lanes) => {
  const copies = run(lanes, 120, { tookMs: 1, bytes: 1_000 });
  const counts = Array.from(
    { length: lanes },
    (_, lane) => copies.filter((copy) => copy.lane === lane).length,
  );
  expect(Math.min(...counts)).toBeGreaterThan(Math.max(...counts) * 0.7);
});
