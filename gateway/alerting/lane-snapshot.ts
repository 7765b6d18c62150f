// What a lane's rules know, as bytes and back (pure). With it a lane goes on from a sequence as if it had
// never stopped; a rule is kept with what it knows, so that one which is gone meanwhile can be ended.
import type { Catalog } from "../../contracts/catalog.ts";
import { type CompiledRule, compileRule } from "../../contracts/compile-rule.ts";
import type { Rule } from "../../contracts/rule.ts";
import type { LaneId } from "../../contracts/subjects.ts";
import { type Memory, usesDistinct } from "./evaluators.ts";
import { IdleTimers } from "./idle-timers.ts";
import type { LaneClock } from "./lane-clock.ts";
import { LanePresence, type PresenceState } from "./lane-presence.ts";
import { LaneRules } from "./lane-rules.ts";
import type { Life } from "./lifecycle.ts";
import { NumberReader, NumberWriter } from "./number-tape.ts";
import { RecentIdentities, type RecentIdentitiesState } from "./recent-identities.ts";
import { RulePlan } from "./rule-plan.ts";
import { SlidingWindow, type WindowValue } from "./sliding-window.ts";

const FORMAT = 1;

type Entries = readonly (readonly [key: string, at: number])[];

/** Numbers of a slot: its key, when it was touched, and how many cells its window has, or NO_WINDOW. */
const NO_WINDOW = -1;

interface PlanState {
  readonly rule: Rule;
  readonly disabled: RulePlan["disabled"];
  readonly limitedAt: RulePlan["limitedAt"];
  readonly slots: number;
  /** Of the slots that have one, by their number. */
  readonly lives: readonly (readonly [slot: number, life: Life])[];
  /** Memories that are no windows. */
  readonly memories: readonly (readonly [slot: number, memory: unknown])[];
  /** Windows of values that are no numbers. */
  readonly values: readonly (readonly [slot: number, values: readonly WindowValue[]])[];
  readonly resolving: Entries;
  readonly silent: Entries;
  readonly lost: Entries;
  readonly silenced: readonly string[];
}

interface RulesState {
  readonly format: number;
  readonly keys: readonly string[];
  readonly plans: readonly PlanState[];
  readonly identities: RecentIdentitiesState;
}

export interface LaneSnapshot {
  /** Rules and what they know. */
  readonly rules: Uint8Array;
  /** Keys that are known, and devices that are connected. */
  readonly presence: Uint8Array;
  readonly clock: LaneClock;
}

export function takeSnapshot(lane: LaneRules): LaneSnapshot {
  const writer = new NumberWriter();
  const keys = new Map<string, number>();
  const plans = [...lane.rules.plans.values()].map((plan) => writePlan(plan, keys, writer));
  const identities = lane.identities.write(writer);
  const state: RulesState = { format: FORMAT, keys: [...keys.keys()], plans, identities };
  return {
    rules: writer.finish(JSON.stringify(state)),
    presence: Buffer.from(JSON.stringify(lane.presence), "utf8"),
    clock: lane.clock,
  };
}

function writePlan(plan: RulePlan, keys: Map<string, number>, writer: NumberWriter): PlanState {
  const lives: [number, Life][] = [];
  const memories: [number, unknown][] = [];
  const values: [number, readonly WindowValue[]][] = [];
  let slot = 0;
  for (const [key, { life, memory, touchedAt }] of plan.slots) {
    let index = keys.get(key);
    if (index === undefined) keys.set(key, (index = keys.size));
    writer.push(index);
    writer.push(touchedAt);
    if (memory instanceof SlidingWindow) {
      const { cells, others } = memory.content;
      writer.push(cells.length);
      writer.pushAll(cells);
      if (others) values.push([slot, others]);
    } else {
      writer.push(NO_WINDOW);
      if (memory !== null) memories.push([slot, memory]);
    }
    if (life !== null) lives.push([slot, life]);
    slot += 1;
  }
  return {
    rule: plan.compiled.rule,
    disabled: plan.disabled,
    limitedAt: plan.limitedAt,
    slots: slot,
    lives,
    memories,
    values,
    resolving: [...plan.resolving.entries()],
    silent: [...plan.silent.entries()],
    lost: [...plan.lost.entries()],
    silenced: [...plan.silenced],
  };
}

/**
 * @param parts as of `LaneRules`.
 * @throws Error if the snapshot is of another format, or one of its rules cannot be compiled any more.
 */
export function restoreSnapshot(
  { rules, presence, clock }: LaneSnapshot,
  parts: { lane: LaneId; catalog: Catalog; nowMs: () => number },
): LaneRules {
  const reader = new NumberReader(rules);
  const state = JSON.parse(reader.text) as RulesState;
  if (state.format !== FORMAT)
    throw new Error(`format ${state.format}; this program reads ${FORMAT}`);
  const lane = new LaneRules(parts.lane, parts.catalog, parts.nowMs);
  lane.clock = clock;
  const known = Buffer.from(presence).toString("utf8");
  lane.presence = LanePresence.from(JSON.parse(known) as PresenceState);
  const compiled = state.plans.map((of) => {
    const plan = readPlan(of, compileRule(of.rule, parts.catalog), state.keys, reader);
    lane.rules.plans.set(of.rule.id, plan);
    return plan.compiled;
  });
  lane.identities = RecentIdentities.read(state.identities, reader);
  lane.update(compiled, 0);
  return lane;
}

function readPlan(
  of: PlanState,
  compiled: CompiledRule,
  keys: readonly string[],
  reader: NumberReader,
): RulePlan {
  const plan = new RulePlan(compiled);
  plan.disabled = of.disabled;
  plan.limitedAt = of.limitedAt;
  plan.limited = of.limitedAt !== null;
  plan.resolving = IdleTimers.from(of.resolving);
  plan.silent = IdleTimers.from(of.silent);
  plan.lost = IdleTimers.from(of.lost);
  for (const key of of.silenced) plan.silenced.add(key);
  const lives = new Map(of.lives);
  const memories = new Map(of.memories);
  const values = new Map(of.values);
  const isDistinct = compiled.kind === "aggregate" && usesDistinct(compiled);
  for (let slot = 0; slot < of.slots; slot++) {
    const key = keys[reader.next()]!;
    const touchedAt = reader.next();
    const size = reader.next();
    let memory = (memories.get(slot) ?? null) as Memory | null;
    if (size !== NO_WINDOW) {
      const others = values.get(slot) ?? null;
      memory = SlidingWindow.from({ cells: reader.take(size), others }, isDistinct);
    }
    plan.restore(key, { life: lives.get(slot) ?? null, memory, touchedAt });
  }
  return plan;
}
