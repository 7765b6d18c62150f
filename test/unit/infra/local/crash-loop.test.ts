// A process that is started again too often within a minute is told of, with the reason of its last end.
import { expect, test } from "vitest";
import { RecentEnds, crashLoopText } from "../../../../infra/local/crash-loop.ts";

test("the sixth end within a minute is a loop; the same six over a longer time are none", () => {
  const fast = new RecentEnds();
  for (let at = 0; at < 5; at++) fast.add("exit 1", at * 1_000);
  expect(fast.loop(5_000)).toBeNull();
  fast.add("exit 1; it said: URI malformed", 5_000);
  const loop = fast.loop(5_000)!;
  expect(crashLoopText(loop)).toBe(
    "started again 6 times within a minute, because: exit 1; it said: URI malformed",
  );
  expect(fast.loop(60_000)).toBeNull();
  const slow = new RecentEnds();
  for (let at = 0; at < 20; at++) {
    slow.add("killed by SIGKILL", at * 12_001);
    expect(slow.loop(at * 12_001)).toBeNull();
  }
});
