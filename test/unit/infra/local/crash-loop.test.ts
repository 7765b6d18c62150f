// A process that is started again too often within a minute is told of, with the reason of its last end.
import { join } from "node:path";
import { expect, test } from "vitest";
import { RecentEnds, crashLoopText } from "../../../../infra/local/crash-loop.ts";
import { Child } from "../../../../infra/local/child.ts";
import { temporaryDirectory } from "../../../support/temporary-directory.ts";

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

test("a real process that ends at every start is told of once, with what it said last", async () => {
  await using directory = await temporaryDirectory();
  const script = `console.log(JSON.stringify({ level: 50, msg: "URI malformed" })); process.exit(3)`;
  const plan = {
    ...{ name: "gateway-eu", kind: "skerry" as const, command: process.execPath },
    ...{ args: ["-e", script], env: {}, ports: {}, readyUrl: "http://127.0.0.1:9/" },
  };
  const incidents: string[] = [];
  const told: string[] = [];
  let starts = 0;
  const hasLooped = new Promise<void>((resolve) => {
    const child = new Child(plan, join(directory.path, "log"), {
      incident: ({ what }) => void incidents.push(what),
      started: () => void (starts += 1),
      looping: (process, loop) => {
        told.push(`${process} ${crashLoopText(loop)}`);
        void child.stop(1_000).then(resolve);
      },
    });
    child.start();
  });
  await hasLooped;
  const because = "because: exit 3; it said: URI malformed";
  expect(told).toEqual([`gateway-eu started again 6 times within a minute, ${because}`]);
  expect(incidents).toContain(`started again 6 times within a minute, ${because}`);
  expect(starts).toBe(6);
}, 30_000);
