import fc from "fast-check";
import { expect, test } from "vitest";
import {
  SlidingWindow,
  type WindowValue,
} from "../../../../../gateway/alerting/windows/sliding-window.ts";

/** What a window is, without its arrays. */
class PlainWindow {
  entries: { timeMs: number; value: WindowValue }[] = [];

  add(timeMs: number, value: WindowValue, overMs: number): void {
    const newest = Math.max(...this.entries.map((entry) => entry.timeMs), Number.NEGATIVE_INFINITY);
    if (timeMs <= newest - overMs) return;
    this.entries.push({ timeMs, value });
    this.entries.sort((a, b) => a.timeMs - b.timeMs);
    const until = Math.max(newest, timeMs) - overMs;
    this.entries = this.entries.filter((entry) => entry.timeMs > until);
  }
}

const step = fc.record({
  aheadMs: fc.integer({ min: -40, max: 30 }),
  value: fc.integer({ min: -5, max: 5 }),
});

test.each([false, true])(
  "whatever comes, it holds what is within, in the order of times (texts: %s)",
  (isText) => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 200 }),
        fc.integer({ min: 1, max: 120 }),
        (steps, overMs) => {
          let window = new SlidingWindow(overMs, true);
          const plain = new PlainWindow();
          let nowMs = 1_000;
          for (const [at, { aheadMs, value: number }] of steps.entries()) {
            nowMs += Math.max(0, aheadMs);
            const timeMs = aheadMs < 0 ? nowMs + aheadMs : nowMs;
            const value = isText ? `v${number}` : number;
            window.add(timeMs, value);
            plain.add(timeMs, value, overMs);
            if (at % 17 === 16) window = SlidingWindow.from(window.content, overMs, true);
            const values = plain.entries.map((entry) => entry.value);
            expect(window.size).toBe(values.length);
            expect([window.oldest, window.newest]).toEqual([values[0], values.at(-1)]);
            expect(window.oldestMs).toBe(plain.entries[0]!.timeMs);
            expect(window.newestMs).toBe(plain.entries.at(-1)!.timeMs);
            expect(window.distinct).toBe(new Set(values).size);
            if (isText) continue;
            const numbers = values as number[];
            expect(window.sum).toBe(numbers.reduce((a, b) => a + b, 0));
            if (at % 3 === 0)
              expect([window.min, window.max]).toEqual([
                Math.min(...numbers),
                Math.max(...numbers),
              ]);
          }
          window.keep(3);
          expect(window.size).toBe(Math.min(3, plain.entries.length));
        },
      ),
    );
  },
);
