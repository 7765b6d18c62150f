// How often each rule was asked, and in which states its keys are, over the lanes of a region (pure).
import type { RuleCounts } from "../../../contracts/messages/status.ts";
import { isLive } from "./lifecycle.ts";
import type { RuleSet } from "./rule-set.ts";
import type { RuleState } from "./rule-state.ts";

type Counts = { -readonly [K in keyof RuleCounts]: number };

/** Counts by rule id. Walks all keys that rules remember: for who asks once a second, not for each reading. */
export function ruleCounts(lanes: Iterable<RuleSet>): ReadonlyMap<string, RuleCounts> {
  const byRule = new Map<string, Counts>();
  for (const rules of lanes)
    for (const [id, state] of rules.states) {
      const counts = byRule.get(id) ?? { evaluations: 0, pending: 0, firing: 0, silenced: 0 };
      byRule.set(id, counts);
      counts.evaluations += rules.evaluationsOf(state);
      addKeys(counts, state);
      if (state.late) addKeys(counts, state.late);
    }
  return byRule;
}

function addKeys(counts: Counts, { slots, silenced }: RuleState): void {
  for (const [key, { life }] of slots)
    if (life?.phase === "pending") counts.pending += 1;
    else if (isLive(life)) counts[silenced.has(key) ? "silenced" : "firing"] += 1;
}
