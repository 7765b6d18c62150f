import { Writable } from "node:stream";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Progress } from "../../../../../infra/cli/kit/progress.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A screen that remembers; @param isTTY whether it is a terminal. */
function screen(isTTY: boolean) {
  let text = "";
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      done();
    },
  });
  return { stream: Object.assign(stream, { isTTY, columns: 120, rows: 40 }), text: () => text };
}

test("without a terminal there is a line every 10 s, none for work that is done sooner", () => {
  const { stream, text } = screen(false);
  {
    using progress = new Progress("importing devices", 100, { screen: stream });
    progress.step(50);
    vi.advanceTimersByTime(9_900);
    expect(text()).toBe("");
    vi.advanceTimersByTime(200);
    expect(text()).toBe("importing devices: 50 of 100, 50 %, 5.0 a second, about 10 s left\n");
    vi.advanceTimersByTime(10_000);
  }
  vi.advanceTimersByTime(60_000);
  expect(text().trim().split("\n")).toHaveLength(2);
});

test("in a terminal one line is drawn again and again, and is gone in the end", () => {
  const { stream, text } = screen(true);
  {
    using progress = new Progress("replaying rejects", null, { screen: stream });
    progress.expect(10);
    progress.step(5);
    vi.advanceTimersByTime(600);
    expect(text()).toContain("replaying rejects: 5 of 10, 50 %");
    progress.clear();
  }
  // The last thing written takes the line away.
  expect(text().endsWith("left\n")).toBe(false);
});

test("a line that stands still says at what, and bytes are told in MB", () => {
  const { stream, text } = screen(false);
  using progress = new Progress("restoring eu", 40e6, { counted: "bytes", screen: stream });
  progress.at("TELEMETRY_eu from hub:4222");
  progress.step(12_500_000);
  vi.advanceTimersByTime(10_000);
  expect(text()).toBe(
    "restoring eu, TELEMETRY_eu from hub:4222: 13 of 40 MB, 31 %, 1.3 MB a second, about 22 s left\n",
  );
  vi.advanceTimersByTime(20_000);
  expect(text().trim().split("\n").at(-1)).toBe(
    "restoring eu, TELEMETRY_eu from hub:4222: 13 of 40 MB, 31 %, 0 MB a second, nothing moves now",
  );
});
