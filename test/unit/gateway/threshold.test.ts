import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ThresholdRule } from "../../../contracts/rule.ts";
import { IDLE, stepThreshold } from "../../../gateway/alerting/threshold.ts";

const rule: ThresholdRule = {
  id: "co2-high",
  version: 1,
  kind: "threshold",
  contract: "environment",
  field: "co2",
  above: 1000,
  forMs: 10_000,
  clearBelow: 900,
};

type Reading = readonly [seconds: number, value: number];

/** The transitions over readings, as `second:transition`. */
function run(readings: readonly Reading[]): string[] {
  let state = IDLE;
  const transitions: string[] = [];
  for (const [at, [seconds, value]] of readings.entries()) {
    const sample = { value, timeMs: seconds * 1000, place: { seq: at + 1, index: 0 } };
    const step = stepThreshold(rule, state, sample);
    state = step.state;
    if (step.transition) transitions.push(`${seconds}:${step.transition}`);
  }
  return transitions;
}

describe("above 1000 for 10 s, cleared below 900", () => {
  test.each<[string, Reading[], string[]]>([
    [
      "fires after 10 s",
      [
        [1, 1200],
        [6, 1100],
        [11, 1001],
      ],
      ["11:firing"],
    ],
    [
      "not a moment earlier",
      [
        [1, 1200],
        [10.999, 1200],
      ],
      [],
    ],
    [
      "a dip starts the duration anew",
      [
        [1, 1200],
        [6, 1000],
        [11, 1200],
        [20, 1200],
      ],
      [],
    ],
    [
      "clears below 900, not between",
      [
        [1, 1200],
        [11, 1200],
        [12, 950],
        [13, 899],
      ],
      ["11:firing", "13:resolved"],
    ],
    [
      "fires once",
      [
        [1, 1200],
        [11, 1200],
        [30, 1300],
      ],
      ["11:firing"],
    ],
    [
      "fires again after it cleared",
      [
        [1, 1200],
        [11, 1200],
        [12, 0],
        [13, 1200],
        [23, 1200],
      ],
      ["11:firing", "12:resolved", "23:firing"],
    ],
    [
      "an older reading changes nothing",
      [
        [1, 1200],
        [8, 1200],
        [5, 0],
        [11, 1200],
      ],
      ["11:firing"],
    ],
  ])("%s", (_name, readings, expected) => {
    expect(run(readings)).toEqual(expected);
  });
});

test("repeating any prefix, as a re-sending device does, changes no transition", () => {
  const readings = fc.array(fc.tuple(fc.constant(1), fc.integer({ min: 800, max: 1300 })), {
    maxLength: 60,
  });
  fc.assert(
    fc.property(readings, fc.nat(), (steps, cut) => {
      const line = steps.map(([, value], at) => [at, value] as const);
      const upTo = cut % (line.length + 1);
      const repeated = [...line.slice(0, upTo), ...line.slice(0, upTo), ...line.slice(upTo)];
      expect(run(repeated)).toEqual(run(line));
    }),
  );
});
