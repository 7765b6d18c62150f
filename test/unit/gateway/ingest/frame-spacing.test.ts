// G1 and G2, under the test's own time.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import {
  FrameSpacing,
  READINGS_AT_ONCE,
  SPACING_MS,
} from "../../../../gateway/ingest/frame-spacing.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Asks once; `arrive` gathers a reading, `left` says after how long the frame left. */
function ask(spacing: FrameSpacing, stored: number, sinceMs = 0) {
  const startMs = Date.now();
  let count = 0;
  let leftAfterMs: number | null = null;
  const due = spacing.untilDue(stored, sinceMs, () => count);
  void due?.then(() => (leftAfterMs = Date.now() - startMs));
  const arrive = (): void => spacing.gathered((count += 1));
  return { due, arrive, left: () => leftAfterMs };
}

test("G1: while readings keep coming a frame leaves SPACING_MS after the one before it", async () => {
  const asked = ask(new FrameSpacing(), 5, 2);
  while (asked.left() === null) {
    asked.arrive();
    await vi.advanceTimersByTimeAsync(1);
  }
  expect(asked.left()).toBe(SPACING_MS - 2);
});

test("G1: a full frame leaves at once", async () => {
  const asked = ask(new FrameSpacing(), 5);
  for (let n = 0; n < READINGS_AT_ONCE; n++) asked.arrive();
  await vi.advanceTimersByTimeAsync(0);
  expect(asked.left()).toBe(0);
});

test("G1: after a frame of one reading, or a slow store, nothing waits", () => {
  expect(ask(new FrameSpacing(), 1).due).toBeUndefined();
  expect(ask(new FrameSpacing(), 5, SPACING_MS).due).toBeUndefined();
});

test("G2: when nothing more arrives the frame leaves, and so do the next ones", async () => {
  const spacing = new FrameSpacing();
  const asked = ask(spacing, 20);
  await vi.advanceTimersByTimeAsync(4);
  expect(asked.left()).toBe(4);
  for (let frame = 0; frame < 16; frame++) expect(ask(spacing, 20).due).toBeUndefined();
  expect(ask(spacing, 20).due).toBeInstanceOf(Promise);
});
