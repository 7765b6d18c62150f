import { expect, test } from "vitest";
import { SCHEMAS_DIRECTORY, loadCatalog } from "../../../contracts/catalog.ts";
import { compileRule } from "../../../contracts/compile-rule.ts";
import type { Life } from "../../../gateway/alerting/lifecycle.ts";
import { RulePlan } from "../../../gateway/alerting/rule-plan.ts";
import { SlidingWindow } from "../../../gateway/alerting/sliding-window.ts";

const rule = compileRule(
  {
    id: "often",
    version: 1,
    kind: "frequency",
    contract: "environment",
    over: "1m",
    moreThan: 100,
  },
  loadCatalog(SCHEMAS_DIRECTORY),
);
const live: Life = {
  phase: "firing",
  sinceMs: 0,
  newestMs: 0,
  raisedAt: { seq: 1, index: 0 },
  clearSinceMs: 0,
  silencedUntilMs: null,
};

/** A slot with so many values, touched at its number. */
function hold(plan: RulePlan, at: number, values: number): void {
  const slot = plan.open(`key ${at}`, at)!;
  slot.memory = SlidingWindow.from({ cells: new Float64Array(2 * values), others: null });
  slot.touchedAt = at;
  plan.settle(`key ${at}`, slot, 0);
}

test("with too many keys the tenth that was silent longest is forgotten, live alerts never", () => {
  const plan = new RulePlan(rule, { keysMax: 20, valuesMax: 1e9 });
  for (let at = 0; at < 20; at++) hold(plan, at, 1);
  plan.slots.get("key 0")!.life = { ...live };
  expect(plan.limited).toBe(false);
  hold(plan, 20, 1);
  expect(plan.limited).toBe(true);
  const gone = Array.from({ length: 21 }, (_, at) => at).filter(
    (at) => !plan.slots.has(`key ${at}`),
  );
  expect(gone).toEqual([1, 2]);
});

test("if every key has a live alert, another one finds no room", () => {
  const plan = new RulePlan(rule, { keysMax: 3, valuesMax: 1e9 });
  for (let at = 0; at < 3; at++) {
    hold(plan, at, 1);
    plan.slots.get(`key ${at}`)!.life = { ...live };
  }
  expect(plan.open("key 3", 3)).toBeNull();
  expect(plan.slots.size).toBe(3);
});

test("with too many values whole keys are forgotten: a window that lacks some would say wrong things", () => {
  const plan = new RulePlan(rule, { keysMax: 1e9, valuesMax: 100 });
  for (let at = 0; at < 11; at++) hold(plan, at, 10);
  expect(plan.limited).toBe(true);
  expect([...plan.slots.keys()].slice(0, 2)).toEqual(["key 2", "key 3"]);
  hold(plan, 11, 10);
  expect(plan.slots.has("key 2")).toBe(true);
  expect(plan.slots.size).toBe(10);
});
