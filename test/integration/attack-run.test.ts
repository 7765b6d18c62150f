// Goal: `npm run attack` finds nothing where walls hold, and each attempt of the slice where its wall is taken out.
// Method: the attempts of one kind of each arena, with their controls; then with the wall out. The whole runs by itself.
import { expect, test } from "vitest";
import type { Arena, Ground } from "../attack/arena.ts";
import { GROUNDS } from "../attack/grounds.ts";
import { attack, controlsOf } from "../attack/run.ts";
import { isWell, judge, sumsOf } from "../attack/verdict.ts";
import { WALL_NAMES } from "../attack/walls.ts";

const OPTIONS = {
  natsServer: "nats-server",
  say: () => undefined,
  signal: new AbortController().signal,
};

const groundNamed = (name: string): Ground<Arena> => {
  const found = GROUNDS.find((ground) => ground.name === name);
  if (!found) throw new Error(`there is no arena ${name}`);
  return found;
};

test.each([
  [
    "region with keys",
    /^signed\/(hub\/devices\/(un|ol)|region\/commands\/(un|again$))/,
    "signatures",
  ],
  ["store", /^store\/(page|reader)\/DROP/, "influx"],
  ["nats-servers", /^leaf-eu\/(hub-COMMANDS|us-KV_devices|hear\/dlv)/, "leaf-accounts"],
  ["gateways and console", /^mqtt\/(mallory\/hear\/devices|plug\/say\/tele\/room-1)/, "topics"],
] as const)("%s", async (name, slice, wall) => {
  const ground = groundNamed(name);
  const attempts = ground.attempts.filter(({ id }) => slice.test(id));
  expect(attempts.length).toBeGreaterThan(3);
  const [tried, controls] = await Promise.all([
    attack(ground, attempts, { ...OPTIONS, without: new Set() }),
    controlsOf(ground, attempts, { ...OPTIONS, without: new Set(WALL_NAMES) }),
  ]);
  const judged = judge(tried, controls, "2.9.10");
  const sums = sumsOf(judged);
  expect(judged.filter(({ verdict }) => verdict === "through")).toEqual([]);
  expect(sums.counted).toBeGreaterThan(3);
  expect(isWell(sums, false)).toBe(true);

  const walled = attempts.filter((attempt) => attempt.wall === wall);
  const sabotaged = await attack(ground, walled, { ...OPTIONS, without: new Set([wall]) });
  const through = sumsOf(judge(sabotaged, controls, "2.9.10"));
  expect(through.through).toBeGreaterThan(0);
  expect(isWell(through, false)).toBe(false);
});
