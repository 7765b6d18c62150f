import { expect, test } from "vitest";
import { LEARNT_AFTER, SurgeWatch, WINDOW_MS, senderOf } from "../../../../gateway/live/surge.ts";

/** Windows in which each sender sends so many messages a second. */
function pass(watch: SurgeWatch, from: number, windows: number, perSecond: Record<string, number>) {
  for (let window = from; window < from + windows; window++) {
    for (const [sender, rate] of Object.entries(perSecond))
      watch.add(sender, (rate * WINDOW_MS) / 1_000);
    watch.look((window + 1) * WINDOW_MS);
  }
}
const QUIET = Object.fromEntries(Array.from({ length: 10 }, (_, at) => [`d${at}`, 10]));

test("a device that suddenly sends most of what comes is named, with how much it is", () => {
  const watch = new SurgeWatch(0);
  pass(watch, 0, LEARNT_AFTER, QUIET);
  expect(watch.now).toBeNull();
  pass(watch, LEARNT_AFTER, 1, { ...QUIET, noisy: 1_400 });
  expect(watch.now).toMatchObject({ sender: "noisy", perSecond: 1_400 });
  expect(watch.now!.times).toBeCloseTo(15, 5);
  expect(watch.now!.share).toBeCloseTo(0.933, 3);
  pass(watch, LEARNT_AFTER + 1, 1, QUIET);
  expect(watch.now).toBeNull();
});

test("nothing is told before it is known what is usual, of many who send more, or of a trickle", () => {
  const young = new SurgeWatch(0);
  pass(young, 0, LEARNT_AFTER - 1, QUIET);
  pass(young, LEARNT_AFTER - 1, 1, { noisy: 1_400 });
  expect(young.now).toBeNull();
  const all = new SurgeWatch(0);
  pass(all, 0, LEARNT_AFTER, QUIET);
  pass(all, LEARNT_AFTER, 1, Object.fromEntries(Object.keys(QUIET).map((id) => [id, 150])));
  expect(all.now).toBeNull();
  const trickle = new SurgeWatch(0);
  pass(trickle, 0, LEARNT_AFTER, { a: 1 });
  pass(trickle, LEARNT_AFTER, 1, { a: 90 });
  expect(trickle.now).toBeNull();
});

test("a device that has always sent most is usual, and so is a surge that lasts", () => {
  const watch = new SurgeWatch(0);
  pass(watch, 0, LEARNT_AFTER, { ...QUIET, vibration: 5_000 });
  expect(watch.now).toBeNull();
  pass(watch, LEARNT_AFTER, 720, { ...QUIET, vibration: 25_000 });
  expect(watch.now).toBeNull();
});

test("less than a window is not judged", () => {
  const watch = new SurgeWatch(0);
  pass(watch, 0, LEARNT_AFTER, QUIET);
  watch.add("noisy", 10_000);
  watch.look(LEARNT_AFTER * WINDOW_MS + WINDOW_MS - 1);
  expect(watch.now).toBeNull();
});

test("the sender is the device, where it is known", () => {
  expect(senderOf({ topic: "devices/a/telemetry/room", device: null })).toBe("a");
  expect(senderOf({ topic: "tele/b/SENSOR", device: "b" })).toBe("b");
  expect(senderOf({ topic: "x/y", device: null })).toBe("x/y");
});
