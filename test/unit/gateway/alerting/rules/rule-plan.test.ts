import { expect, test } from "vitest";
import { SCHEMAS_DIRECTORY, loadCatalog } from "../../../../../contracts/schema/catalog.ts";
import { compileRule } from "../../../../../contracts/rules/compile-rule.ts";
import { RulePlan } from "../../../../../gateway/alerting/rules/rule-plan.ts";
import { FIRING } from "../../../../support/life.ts";

const rule = compileRule(
  {
    id: "first-then",
    version: 1,
    kind: "sequence",
    first: { contract: "environment", when: "co2 > 1000" },
    then: { contract: "environment", when: "co2 < 500" },
    within: "1m",
  },
  loadCatalog(SCHEMAS_DIRECTORY),
);

/** A slot that remembers something, touched at its number. */
function hold(plan: RulePlan, at: number): void {
  const slot = plan.open(`key ${at}`, at)!;
  slot.memory = { timeMs: at, place: { seq: 1, index: at } };
  slot.touchedAt = at;
  plan.settle(`key ${at}`, slot);
}

test("with too many keys the tenth that was silent longest is forgotten, live alerts never", () => {
  const plan = new RulePlan(rule, 20);
  for (let at = 0; at < 20; at++) hold(plan, at);
  plan.slots.get("key 0")!.life = { ...FIRING };
  expect(plan.limited).toBe(false);
  hold(plan, 20);
  expect(plan.limited).toBe(true);
  const gone = Array.from({ length: 21 }, (_, at) => at).filter(
    (at) => !plan.slots.has(`key ${at}`),
  );
  expect(gone).toEqual([1, 2]);
});

test("if every key has a live alert, another one finds no room", () => {
  const plan = new RulePlan(rule, 3);
  for (let at = 0; at < 3; at++) {
    hold(plan, at);
    plan.slots.get(`key ${at}`)!.life = { ...FIRING };
  }
  expect(plan.open("key 3", 3)).toBeNull();
  expect(plan.slots.size).toBe(3);
});
