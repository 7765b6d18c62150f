import fc from "fast-check";
import { expect, test } from "vitest";
import { reaches } from "../../../../../contracts/rules/condition-bounds.ts";
import { SCHEMAS_DIRECTORY, loadCatalog } from "../../../../../contracts/schema/catalog.ts";
import { compileRule } from "../../../../../contracts/rules/compile-rule.ts";
import { parseRules } from "../../../../../contracts/rules/rule.ts";
import { RuleState } from "../../../../../gateway/alerting/rules/rule-state.ts";
import { ThresholdIndex } from "../../../../../gateway/alerting/rules/threshold-index.ts";

const catalog = loadCatalog(SCHEMAS_DIRECTORY);
const boundsOf = (conditions: readonly string[]) =>
  parseRules(
    conditions.map((when, at) => ({
      id: `r${at}`,
      version: 1,
      kind: "threshold",
      contract: "environment",
      when,
    })),
  ).map((rule) => new RuleState(compileRule(rule, catalog)).bounds);

const comparison = fc
  .tuple(
    fc.constantFrom("co2", "humidity"),
    fc.constantFrom("<", "<=", ">", ">=", "=="),
    fc.integer({ min: -3, max: 3 }),
  )
  .map(([field, op, limit]) => `${field} ${op} ${limit}.0`);
const condition = fc.oneof(
  comparison,
  fc.tuple(comparison, comparison).map(([a, b]) => `${a} || ${b}`),
  fc.tuple(comparison, comparison).map(([a, b]) => `${a} && ${b}`),
  fc.constant("co2 + humidity > 1.0"),
);
const value = fc.option(fc.integer({ min: -4, max: 4 }), { nil: undefined });

test("it names the rules of which a bound is reached, and those without any, for every reading anew", () => {
  fc.assert(
    fc.property(
      fc.array(condition, { maxLength: 12 }),
      fc.array(fc.record({ co2: value, humidity: value }), { maxLength: 6 }),
      (conditions, readings) => {
        const all = boundsOf(conditions);
        const index = new ThresholdIndex(all);
        for (const values of readings) {
          index.look(values);
          all.forEach((bounds, place) => {
            const expected =
              bounds === null ||
              bounds.some((bound) => reaches(bound, values[bound.name as "co2" | "humidity"]));
            expect(index.mayHold(place)).toBe(expected);
          });
        }
      },
    ),
  );
});
