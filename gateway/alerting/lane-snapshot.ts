// What a lane's rules know, as text and back (pure). With it a lane goes on from a sequence as if it had
// never stopped; a rule is kept with what it knows, so that one which is gone meanwhile can be ended.
import type { Catalog } from "../../contracts/catalog.ts";
import { type CompiledRule, compileRule } from "../../contracts/compile-rule.ts";
import type { Rule } from "../../contracts/rule.ts";
import type { LaneId } from "../../contracts/subjects.ts";
import { type Memory, usesDistinct } from "./evaluators.ts";
import { IdleTimers } from "./idle-timers.ts";
import { LanePresence, type PresenceState } from "./lane-presence.ts";
import { LaneRules } from "./lane-rules.ts";
import type { Life } from "./lifecycle.ts";
import { RecentIdentities, type RecentIdentitiesState } from "./recent-identities.ts";
import { RulePlan } from "./rule-plan.ts";
import { SlidingWindow, type WindowValue } from "./sliding-window.ts";
import type { LaneClock } from "./lane-clock.ts";

const FORMAT = 2;
/** Wrote every time of a window in full. */
const FORMAT_OF_FULL_TIMES = 1;

type Entries = readonly (readonly [key: string, at: number])[];

interface PlanState {
  readonly rule: Rule;
  readonly disabled: RulePlan["disabled"];
  readonly limitedAt: RulePlan["limitedAt"];
  readonly slots: readonly (readonly [
    key: string,
    life: Life | null,
    memory: unknown,
    touchedAt: number,
  ])[];
  readonly resolving: Entries;
  readonly silent: Entries;
  readonly lost: Entries;
  readonly silenced: readonly string[];
}

interface RulesState {
  readonly format: number;
  readonly plans: readonly PlanState[];
  readonly identities: RecentIdentitiesState;
}

export interface LaneSnapshot {
  /** Rules and what they know. */
  readonly rules: string;
  /** Keys that are known, and devices that are connected. */
  readonly presence: string;
  readonly clock: LaneClock;
}

export function takeSnapshot(lane: LaneRules): LaneSnapshot {
  const plans = [...lane.plans.values()].map(planState);
  const state: RulesState = { format: FORMAT, plans, identities: lane.identities.toJSON() };
  return {
    rules: JSON.stringify(state),
    presence: JSON.stringify(lane.presence),
    clock: lane.clock,
  };
}

const planState = (plan: RulePlan): PlanState => ({
  rule: plan.compiled.rule,
  disabled: plan.disabled,
  limitedAt: plan.limitedAt,
  slots: [...plan.slots].map(([key, { life, memory, touchedAt }]) => [
    key,
    life,
    memory,
    touchedAt,
  ]),
  resolving: [...plan.resolving.entries()],
  silent: [...plan.silent.entries()],
  lost: [...plan.lost.entries()],
  silenced: [...plan.silenced],
});

/**
 * @param parts as of `LaneRules`.
 * @throws Error if the snapshot is of another format, or one of its rules cannot be compiled any more.
 */
export function restoreSnapshot(
  { rules, presence, clock }: LaneSnapshot,
  parts: { lane: LaneId; catalog: Catalog; nowMs: () => number },
): LaneRules {
  const state = JSON.parse(rules) as RulesState;
  const { format } = state;
  if (format !== FORMAT && format !== FORMAT_OF_FULL_TIMES)
    throw new Error(`format ${format}; this program reads ${FORMAT_OF_FULL_TIMES} and ${FORMAT}`);
  const lane = new LaneRules(parts.lane, parts.catalog, parts.nowMs);
  lane.clock = clock;
  lane.presence = LanePresence.from(JSON.parse(presence) as PresenceState);
  lane.identities = RecentIdentities.from(state.identities);
  const compiled = state.plans.map((of) => {
    const plan = restorePlan(of, compileRule(of.rule, parts.catalog), format);
    lane.plans.set(of.rule.id, plan);
    return plan.compiled;
  });
  lane.update(compiled, 0);
  return lane;
}

function restorePlan(of: PlanState, compiled: CompiledRule, format: number): RulePlan {
  const plan = new RulePlan(compiled);
  plan.disabled = of.disabled;
  plan.limitedAt = of.limitedAt;
  plan.limited = of.limitedAt !== null;
  plan.resolving = IdleTimers.from(of.resolving);
  plan.silent = IdleTimers.from(of.silent);
  plan.lost = IdleTimers.from(of.lost);
  for (const key of of.silenced) plan.silenced.add(key);
  for (const [key, life, memory, touchedAt] of of.slots)
    plan.restore(key, { life, memory: restoreMemory(memory, compiled, format), touchedAt });
  return plan;
}

function restoreMemory(memory: unknown, rule: CompiledRule, format: number): Memory | null {
  if (memory === null) return null;
  if (rule.kind !== "aggregate" && rule.kind !== "rate") return memory as Memory;
  const countsDistinct = rule.kind === "aggregate" && usesDistinct(rule);
  const areSteps = format !== FORMAT_OF_FULL_TIMES;
  return SlidingWindow.from(memory as [number[], WindowValue[]], { countsDistinct, areSteps });
}
