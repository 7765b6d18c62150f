import { expect, test } from "vitest";
import { Progress, STALLED_MS, WINDOW_MS } from "../../../../../cloud/insight/lag/progress.ts";

/** One sample a second: [target, done]. */
function after(...samples: (readonly [number, number])[]): { progress: Progress; nowMs: number } {
  const progress = new Progress();
  samples.forEach(([targetSeq, doneSeq], at) =>
    progress.observe({ atMs: at * 1_000, targetSeq, doneSeq }),
  );
  return { progress, nowMs: (samples.length - 1) * 1_000 };
}
const seconds = (n: number, of: (second: number) => readonly [number, number]) =>
  Array.from({ length: n }, (_, second) => of(second));

test("a reader that follows what comes is moving, and one at the end of what there is as well", () => {
  const follows = after(...seconds(60, (s) => [s + 3, s]));
  expect(follows.progress.motion(follows.nowMs)).toBe("moving");
  const idle = after(...seconds(60, () => [7, 7]));
  expect(idle.progress.motion(idle.nowMs)).toBe("moving");
  expect(idle.progress.etaMs).toBe(0);
});

test("a reader that has work and does not move is stalled, counted from when it had some", () => {
  const stood = after(...seconds(30, (s) => [s < 20 ? 5 : s, 5]));
  expect(stood.progress.motion(20_000 + STALLED_MS - 1)).toBe("moving");
  expect(stood.progress.motion(20_000 + STALLED_MS)).toBe("stalled");
  expect(stood.progress.standsForMs(25_000)).toBe(5_000);
  stood.progress.observe({ atMs: 31_000, targetSeq: 40, doneSeq: 6 });
  expect(stood.progress.motion(32_000)).toBe("moving");
});

test("samples that stop coming do not hide that it stands", () => {
  const { progress, nowMs } = after([5, 5], [6, 5]);
  expect(progress.motion(nowMs + STALLED_MS)).toBe("stalled");
});

test("a reader that goes back is rewinding until it gets on", () => {
  const { progress, nowMs } = after([100, 90], [101, 95], [102, 40]);
  expect(progress.motion(nowMs)).toBe("rewinding");
  progress.observe({ atMs: nowMs + 1_000, targetSeq: 103, doneSeq: 60 });
  expect(progress.motion(nowMs + 1_000)).toBe("moving");
  expect(progress.rates).toBeNull();
});

test("the time left follows from how much faster it reads than frames come", () => {
  const { progress } = after(...seconds(10, (s) => [1_000 + 10 * s, 60 * s]));
  expect(progress.rates).toEqual({ done: 60, came: 10 });
  expect(progress.behind).toBe(1_090 - 540);
  expect(progress.etaMs).toBe(11_000);
  const loses = after(...seconds(10, (s) => [1_000 + 60 * s, 10 * s]));
  expect(loses.progress.etaMs).toBeNull();
});

test("what is older than the window, or from before a new beginning, does not count", () => {
  const { progress } = after(...seconds(200, (s) => [100_000, s < 150 ? 0 : 100 * (s - 150)]));
  expect(progress.rates!.done).toBeCloseTo(100);
  const back = after(...seconds(30, () => [50, 0]));
  back.progress.beginAnew();
  for (let s = 30; s < 36; s++)
    back.progress.observe({ atMs: s * 1_000, targetSeq: 50, doneSeq: 10 * (s - 30) });
  expect(back.progress.rates!.done).toBeGreaterThan(8);
  expect(back.progress.rates!.done).toBeLessThan(11);
  expect(WINDOW_MS).toBeGreaterThan(30_000);
});
