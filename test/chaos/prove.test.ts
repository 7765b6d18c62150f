// Goal: P2 under a schedule of faults: nothing acknowledged is missing, nothing counted twice, every
// rollup right. Method: two minutes of `npm run prove`; the seed it prints replays the schedule.
import { expect, test } from "vitest";
import { isProven, prove } from "../prove/prove.ts";
import { seededRandom } from "../support/seed.ts";

const TIMEOUT_MS = 420_000;

test(
  "two minutes of faults",
  async () => {
    const { seed } = seededRandom();
    const output: string[] = [];
    const say = (line: string): void => void output.push(line);
    const options = { seed, minutes: 2, rate: 400, devices: 20, sabotage: undefined, say };
    const proof = await prove(options, AbortSignal.timeout(TIMEOUT_MS));
    const { report: _, ...figures } = proof!;
    console.log(JSON.stringify(figures), `\nnpm run prove -- --seed ${seed} --minutes 2`);
    expect(isProven(proof!), output.join("\n")).toBe(true);
  },
  TIMEOUT_MS,
);
