// Rules on the contract of the load (pure). None of the load's own readings (temperature 20 to 30,
// humidity 30 to 40, light 400 to 510, co2 below 900) makes any of them fire.
import type { Rule } from "../../../contracts/rules/rule.ts";
import { PROBE_RULE } from "../alert-probe.ts";

export type RuleCounts = Readonly<
  Record<"threshold" | "aggregate" | "rate" | "frequency" | "sequence" | "absence", number>
>;

/** A hundred of all kinds. */
export const HUNDRED: RuleCounts = {
  threshold: 70,
  aggregate: 10,
  rate: 8,
  frequency: 6,
  sequence: 3,
  absence: 3,
};
export const HUNDRED_THRESHOLDS: RuleCounts = {
  threshold: 100,
  aggregate: 0,
  rate: 0,
  frequency: 0,
  sequence: 0,
  absence: 0,
};
/** A hundred, times what makes `rules` of them; of ten and of one what is nearest. */
export const scaled = (counts: RuleCounts, rules: number): RuleCounts => {
  const of = (count: number): number => Math.round((count * rules) / 100);
  return {
    threshold: of(counts.threshold),
    aggregate: of(counts.aggregate),
    rate: of(counts.rate),
    frequency: of(counts.frequency),
    sequence: of(counts.sequence),
    absence: of(counts.absence),
  };
};
/** Half of them remember something of every device. */
export const TWENTY: RuleCounts = {
  threshold: 10,
  aggregate: 3,
  rate: 2,
  frequency: 2,
  sequence: 1,
  absence: 2,
};

type Body<R = Rule> = R extends Rule ? Omit<R, "id" | "version"> : never;
type Make = (at: number, over: string) => Body;

const contract = "environment";

const THRESHOLDS: readonly Make[] = [
  (at) => ({ kind: "threshold", contract, when: `temperature > ${60 + at}.5` }),
  (at) => ({
    kind: "threshold",
    contract,
    when: `humidity > 90.0 && temperature > ${50 + at}.0`,
    clear: "humidity < 80.0",
  }),
  (at) => ({ kind: "threshold", contract, when: `light > ${1_000 + at}.0 && occupancy == 0` }),
  (at) => ({
    kind: "threshold",
    contract,
    // At most 20.5: the load's humidity is 30 and more.
    when: `temperature < -${at}.5 || humidity < ${(at % 2_000) / 100 + 0.5}`,
    for: "30s",
  }),
  (at) => ({
    kind: "threshold",
    contract,
    when: `temperature + humidity / 2.0 > ${200 + at}.0`,
    clear: "temperature < 40.0",
    clearFor: "1m",
  }),
];

const HAVING: readonly (readonly [value: string, having: string])[] = [
  ["temperature", "avg > 60.0"],
  ["temperature", "max - min > 50.0"],
  ["humidity", "stddev > 30.0"],
  ["light", "sum > 100000000.0"],
  ["humidity", "min < 5.0 || max > 95.0"],
];

const MAKE: Readonly<Record<keyof RuleCounts, Make>> = {
  threshold: (at, over) => THRESHOLDS[at % THRESHOLDS.length]!(at, over),
  aggregate: (at, over) => {
    const [value, having] = HAVING[at % HAVING.length]!;
    return { kind: "aggregate", contract, value, over, having };
  },
  // Neighbours may be one millisecond and ten degrees apart.
  rate: (at, over) => ({
    kind: "rate",
    contract,
    value: "temperature",
    per: "1m",
    when: "rate > 10000000.0 || rate < -10000000.0",
    ...(at % 2 === 0 ? { over } : {}),
  }),
  // Every second one remembers half of the readings.
  frequency: (at, over) => ({
    kind: "frequency",
    contract,
    where: at % 2 === 0 ? "occupancy == 1" : "temperature > 50.0",
    over,
    moreThan: 9_000,
  }),
  // The first step holds for a tenth of the readings.
  sequence: () => ({
    kind: "sequence",
    first: { contract, when: "temperature > 29.0" },
    then: { contract, when: "humidity > 90.0" },
    within: "1m",
  }),
  // Longer than a run: what a run leaves behind must not be silent in the next one.
  absence: (at) => ({ kind: "absence", contract, for: `${at + 1}h` }),
};

/** That many rules, the probes' one among the thresholds. @param over of every window. */
export function mixedRules(counts: RuleCounts, over: string): Rule[] {
  const rules = Object.entries(counts).flatMap(([kind, count]) =>
    Array.from({ length: count }, (_, at) => ({
      id: `bench-${kind}-${at}`,
      version: 1,
      ...MAKE[kind as keyof RuleCounts](at, over),
    })),
  );
  return [PROBE_RULE, ...rules.slice(1)];
}

export const sumOf = (counts: RuleCounts): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);
