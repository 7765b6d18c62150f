import { expect, test } from "vitest";
import { SCHEMAS_DIRECTORY, loadCatalog } from "../../../../../contracts/schema/catalog.ts";
import { compileRule } from "../../../../../contracts/rules/compile-rule.ts";
import { RuleState } from "../../../../../gateway/alerting/rules/rule-state.ts";
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
function hold(state: RuleState, at: number): void {
  const slot = state.open(`key ${at}`, at)!;
  slot.memory = { timeMs: at, place: { seq: 1, index: at } };
  slot.touchedAt = at;
  state.settle(`key ${at}`, slot);
}

test("with too many keys the tenth that was silent longest is forgotten, live alerts never", () => {
  const state = new RuleState(rule, 20);
  for (let at = 0; at < 20; at++) hold(state, at);
  state.slots.get("key 0")!.life = { ...FIRING };
  expect(state.limited).toBe(false);
  hold(state, 20);
  expect(state.limited).toBe(true);
  const gone = Array.from({ length: 21 }, (_, at) => at).filter(
    (at) => !state.slots.has(`key ${at}`),
  );
  expect(gone).toEqual([1, 2]);
});

test("if every key has a live alert, another one finds no room", () => {
  const state = new RuleState(rule, 3);
  for (let at = 0; at < 3; at++) {
    hold(state, at);
    state.slots.get(`key ${at}`)!.life = { ...FIRING };
  }
  expect(state.open("key 3", 3)).toBeNull();
  expect(state.slots.size).toBe(3);
});
