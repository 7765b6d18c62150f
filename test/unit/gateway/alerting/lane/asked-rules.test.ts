// Goal: a lane that asks the rules that a reading concerns raises, counts and remembers to the bit what one
// raises, counts and remembers that asks every rule about every reading.
// Method: random rules of every kind over several fields (shared and other terms, limits that values meet, rules
// that are there twice, conditions that throw) and random readings (fields that are missing, NaN, -0, infinite
// or of another type, late ones) go through both, while rules come, change and go.
import fc from "fast-check";
import { expect, test } from "vitest";
import { ANYTHING } from "../../../../../contracts/rules/condition-bounds.ts";
import { parseRules } from "../../../../../contracts/rules/rule.ts";
import { Catalog } from "../../../../../contracts/schema/catalog.ts";
import { compileContract } from "../../../../../contracts/schema/contract.ts";
import { ConditionIndex } from "../../../../../gateway/alerting/rules/condition-index.ts";
import type { ContractRules } from "../../../../../gateway/alerting/rules/contract-rules.ts";
import { takeSnapshot } from "../../../../../gateway/alerting/state/lane-snapshot.ts";
import { LaneUnderTest } from "../../../../support/lane-frames.ts";
import { seededRandom } from "../../../../support/seed.ts";

const number = { type: "number", "x-role": "field" };
const properties = {
  ts: { type: "integer", "x-role": "time" },
  site: { type: "string", "x-role": "tag" },
  ...{ a: number, b: number, c: number },
  s: { type: "string", "x-role": "field" },
  on: { type: "boolean", "x-role": "field" },
};
const CONTRACTS = ["thing", "other"] as const;
const catalog = new Catalog(
  CONTRACTS.map((name) => compileContract({ name, version: 1 }, { type: "object", properties })),
);

const limit = fc.constantFrom("0", "-0.0", "1", "1.0", "2", "2.5", "-1", "3.0 - 1.0");
const term = fc.constantFrom(
  ...[
    "a",
    "b",
    "c",
    "a + b",
    "b + a",
    "a + b / 2",
    "a * c - b",
    "-a",
    "a / b",
    "a / -(0.0)",
    "b - c",
  ],
);
const comparison = fc
  .tuple(
    term,
    fc.constantFrom("<", "<=", ">", ">=", "==", "!="),
    fc.oneof(limit, term),
    fc.boolean(),
  )
  .map(([left, op, right, mirrored]) =>
    mirrored ? `${right} ${op} ${left}` : `${left} ${op} ${right}`,
  )
  .filter((text) => /[abc]/.test(text));
const said = fc.constantFrom(
  's == "x"',
  '"y" == s',
  's != "x"',
  's in ["x", "y"]',
  'site == "north"',
  'device == "d1"',
  "on",
  "on == true",
  "on != true",
);
/** Whatever the interpreter is left with, some of it throws. */
const interpreted = fc.constantFrom("abs(a) > 1.0", "6 / int(a) > 2", 's.startsWith("x")');
const { condition } = fc.letrec<{ condition: string }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 3 },
    { weight: 6, arbitrary: comparison },
    { weight: 3, arbitrary: said },
    { weight: 1, arbitrary: interpreted },
    {
      weight: 3,
      arbitrary: fc
        .tuple(tie("condition"), fc.constantFrom("&&", "||"), tie("condition"))
        .map(([left, op, right]) => `(${left}) ${op} (${right})`),
    },
    { weight: 1, arbitrary: tie("condition").map((of) => `!(${of})`) },
  ),
}));
const ofStatistics = fc
  .tuple(
    fc.constantFrom("avg", "max - min", "sum", "stddev", "count", "min", "avg / count"),
    fc.constantFrom("<", ">", ">=", "=="),
    limit,
  )
  .map((parts) => parts.join(" "));
const ofRate = fc.constantFrom(
  "rate > 1",
  "rate < -1.0 || rate > 2",
  "rate > 1 && b > 1",
  "rate == 0",
);

const contract = fc.constantFrom(...CONTRACTS);
const aliased = fc.constantFrom("t.a > 1 && o.b > 1", "t.a + o.a > 2", "o.b < t.b");
const rare = { freq: 3, nil: undefined };
const common = {
  where: fc.option(condition, rare),
  by: fc.constantFrom(undefined, undefined, []),
  lateAfter: fc.constantFrom("1m", "1m", "2s"),
};
const conditions = {
  for: fc.constantFrom(undefined, undefined, "2s"),
  clear: fc.option(condition, rare),
};
const bodies = [
  fc.record({
    kind: fc.constant("threshold"),
    contract,
    when: condition,
    ...common,
    ...conditions,
  }),
  fc.record({ kind: fc.constant("threshold"), contract, when: comparison, ...common }),
  fc.record({
    ...{ kind: fc.constant("aggregate"), contract, value: fc.constantFrom("a", "a + b") },
    ...{ over: fc.constantFrom("3s", "6s"), having: ofStatistics, ...common },
  }),
  fc.record({
    ...{ kind: fc.constant("rate"), contract, value: fc.constantFrom("a", "a + b") },
    ...{ per: fc.constantFrom("1s", "1m"), over: fc.constantFrom(undefined, "4s"), when: ofRate },
    ...common,
  }),
  fc.record({
    ...{ kind: fc.constant("frequency"), contract, over: fc.constantFrom("3s", "6s") },
    ...{ moreThan: fc.integer({ min: 1, max: 3 }), ...common },
  }),
  fc.record({
    kind: fc.constant("sequence"),
    first: fc.record({ contract, when: condition }),
    then: fc.record({ contract, when: condition }),
    within: fc.constant("4s"),
    lateAfter: common.lateAfter,
  }),
  fc.record({
    ...{ kind: fc.constant("composite"), contracts: fc.constant({ t: "thing", o: "other" }) },
    ...{ when: aliased, lateAfter: common.lateAfter },
    where: fc.option(fc.record({ t: condition }), rare),
  }),
  fc.record({ kind: fc.constant("absence"), contract, for: fc.constant("5s"), by: common.by }),
];
const rulesOf = fc
  .array(fc.oneof(...bodies), { minLength: 1, maxLength: 12 })
  .map((all) => all.flatMap((body, at) => (at % 3 === 0 ? [body, body] : [body])));

const value = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -2, max: 3 }) },
  { weight: 2, arbitrary: fc.constantFrom(2.5, -0, Number.NaN, Infinity, -Infinity) },
  { weight: 1, arbitrary: fc.constantFrom<unknown>("2", null, true) },
);
const payload = fc.record(
  {
    ...{ a: value, b: value, c: value },
    s: fc.constantFrom<unknown>("x", "y", "z", 1),
    site: fc.constantFrom("north", "south"),
    on: fc.constantFrom<unknown>(true, false, "true"),
  },
  { requiredKeys: [] },
);
const stepsOf = fc.array(
  fc.record({
    advanceMs: fc.constantFrom(100, 900, 2_500, 20_000),
    readings: fc.array(
      fc.record({
        ...{ device: fc.constantFrom("d1", "d2"), contract, payload },
        agoMs: fc.constantFrom(0, 0, 0, 1_500, 90_000),
      }),
      { maxLength: 6 },
    ),
    /** Which rules there are from here on, by bits, and which of them are new versions. */
    change: fc.option(fc.tuple(fc.nat(2 ** 16), fc.nat(2 ** 16)), { freq: 4, nil: null }),
  }),
  { minLength: 2, maxLength: 14 },
);

class AskingAll extends LaneUnderTest {
  override setRules(...rules: Parameters<LaneUnderTest["setRules"]>) {
    const alerts = super.setRules(...rules);
    for (const name of CONTRACTS) {
      const of = this.rules.rules.evaluated(name);
      if (of) Object.assign(of, withoutIndex(of));
    }
    return alerts;
  }
}

const everyOf = (count: number): ConditionIndex =>
  new ConditionIndex(Array.from({ length: count }, (_, place) => ({ place, needs: ANYTHING })));

const withoutIndex = ({ states, groups }: ContractRules): Partial<ContractRules> => ({
  index: everyOf(states.length),
  groupIndex: everyOf(groups.length),
  groups: groups.map((group) => ({ ...group, outlooks: [], always: group.places })),
});

const isRule = (body: object): boolean => {
  try {
    new LaneUnderTest(catalog, parseRules([{ ...body, id: "r", version: 1 }]));
    return true;
  } catch {
    return false;
  }
};

test(
  "rules that are found say, count and remember what all rules do that are asked",
  { timeout: 120_000 },
  () => {
    const { seed } = seededRandom();
    const raised = new Map<string, number>();
    fc.assert(
      fc.property(rulesOf, stepsOf, (bodies, steps) => {
        const all = (JSON.parse(JSON.stringify(bodies)) as object[]).filter(isRule);
        const rules = (there: number, newer: number) =>
          parseRules(
            all.flatMap((body, at) =>
              (there >> at) & 1
                ? [{ ...body, id: `r${at}`, version: 1 + ((newer >> at) & 1) }]
                : [],
            ),
          );
        const lanes = [LaneUnderTest, AskingAll].map((Lane) => new Lane(catalog, rules(-1, 0)));
        const [found, every] = lanes as [LaneUnderTest, LaneUnderTest];
        let clock = 1_700_000_000_000;
        for (const { advanceMs, readings, change } of steps) {
          clock += advanceMs;
          if (change) {
            const next = rules(...change);
            expect(found.setRules(next)).toEqual(every.setRules(next));
          }
          const sent = readings.map(({ agoMs, payload: values, ...reading }, at) => ({
            ...reading,
            payload: { ...values, ts: clock - agoMs - at },
          }));
          const alerts = found.frame(clock, ...sent);
          expect(alerts).toEqual(every.frame(clock, ...structuredClone(sent)));
          for (const { rule } of alerts) {
            const kind =
              (all[Number(rule.slice(1))] as { kind?: string } | undefined)?.kind ?? rule;
            raised.set(kind, (raised.get(kind) ?? 0) + 1);
          }
          expect(found.rules.counters).toEqual(every.rules.counters);
          expect(takeSnapshot(found.rules)).toEqual(takeSnapshot(every.rules));
        }
      }),
      { seed, numRuns: 1_500 },
    );
    // The property would hold of rules that never fire, too.
    for (const kind of [
      "threshold",
      "aggregate",
      "rate",
      "frequency",
      "sequence",
      "composite",
      "absence",
      "rule_error",
    ])
      expect(raised.get(kind) ?? 0, kind).toBeGreaterThan(0);
  },
);
