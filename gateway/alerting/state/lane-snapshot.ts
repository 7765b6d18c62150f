// What a lane's rules know, as bytes and back (pure). With it a lane goes on from a sequence as if it had
// never stopped; a rule is kept with what it knows, so that one which is gone meanwhile can be ended.
import type { Catalog } from "../../../contracts/schema/catalog.ts";
import { type CompiledRule, compileRule } from "../../../contracts/rules/compile-rule.ts";
import type { Rule } from "../../../contracts/rules/rule.ts";
import type { LaneId } from "../../../contracts/names/subjects.ts";
import type { Memory } from "../rules/evaluators.ts";
import { IdleTimers } from "../windows/idle-timers.ts";
import type { LaneClock } from "../lane/lane-clock.ts";
import { LanePresence, type PresenceState } from "../lane/lane-presence.ts";
import { LaneRules } from "../lane/lane-rules.ts";
import type { Life } from "../rules/lifecycle.ts";
import { NumberReader, NumberWriter } from "../windows/number-tape.ts";
import { RecentIdentities, type RecentIdentitiesState } from "../lane/recent-identities.ts";
import { RulePlan } from "../rules/rule-plan.ts";
import { SharedWindows } from "../rules/shared-windows.ts";
import type { WindowValue } from "../windows/sliding-window.ts";

const FORMAT = 2;

type Entries = readonly (readonly [key: string, at: number])[];

interface PlanState {
  readonly rule: Rule;
  readonly disabled: RulePlan["disabled"];
  readonly limitedAt: RulePlan["limitedAt"];
  /** How many; the numbers of each are its key and when it was touched. */
  readonly slots: number;
  /** Of the slots that have one, by their number. */
  readonly lives: readonly (readonly [slot: number, life: Life])[];
  readonly memories: readonly (readonly [slot: number, memory: Memory])[];
  readonly resolving: Entries;
  readonly silent: Entries;
  readonly lost: Entries;
  readonly silenced: readonly string[];
}

interface WindowsState {
  /** Ids of the rules that look at them. */
  readonly readers: readonly string[];
  /** How many; the numbers of each are its key, when it was touched, how many cells, and the cells. */
  readonly windows: number;
  /** Windows of values that are no numbers. */
  readonly values: readonly (readonly [window: number, values: readonly WindowValue[]])[];
  readonly shedAbove: number;
}

interface RulesState {
  readonly format: number;
  readonly keys: readonly string[];
  readonly plans: readonly PlanState[];
  readonly windows: readonly WindowsState[];
  readonly identities: RecentIdentitiesState;
}

export interface LaneSnapshot {
  /** Rules and what they know. */
  readonly rules: Uint8Array;
  /** Keys that are known, and devices that are connected. */
  readonly presence: Uint8Array;
  readonly clock: LaneClock;
}

/** @param into what the snapshot is written into; it lasts until that is written into again. */
export function takeSnapshot(lane: LaneRules, into = new NumberWriter()): LaneSnapshot {
  const writer = into.begin();
  const keys = new KeyNumbers();
  const all = [...lane.rules.plans.values()];
  const plans = all.map((plan) => writePlan(plan, keys, writer));
  const shared = new Set(all.flatMap(({ windows }) => windows ?? []));
  const windows = [...shared].map((each) => writeWindows(each, keys, writer));
  const identities = lane.identities.write(writer);
  const state: RulesState = { format: FORMAT, keys: keys.all, plans, windows, identities };
  return {
    rules: writer.finish(JSON.stringify(state)),
    presence: Buffer.from(JSON.stringify(lane.presence), "utf8"),
    clock: lane.clock,
  };
}

/** A key is written once, however many rules know it. */
class KeyNumbers {
  readonly #numbers = new Map<string, number>();

  get all(): string[] {
    return [...this.#numbers.keys()];
  }

  of(key: string): number {
    let number = this.#numbers.get(key);
    if (number === undefined) this.#numbers.set(key, (number = this.#numbers.size));
    return number;
  }
}

function writePlan(plan: RulePlan, keys: KeyNumbers, writer: NumberWriter): PlanState {
  const lives: [number, Life][] = [];
  const memories: [number, Memory][] = [];
  let slot = 0;
  for (const [key, { life, memory, touchedAt }] of plan.slots) {
    writer.push(keys.of(key));
    writer.push(touchedAt);
    if (memory !== null) memories.push([slot, memory]);
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
    resolving: [...plan.resolving.entries()],
    silent: [...plan.silent.entries()],
    lost: [...plan.lost.entries()],
    silenced: [...plan.silenced],
  };
}

function writeWindows(of: SharedWindows, keys: KeyNumbers, writer: NumberWriter): WindowsState {
  const values: [number, readonly WindowValue[]][] = [];
  let windows = 0;
  for (const [key, { window, touchedAt }] of of.keys) {
    const { cells, others } = window.content;
    writer.push(keys.of(key));
    writer.push(touchedAt);
    writer.push(cells.length);
    writer.pushAll(cells);
    if (others) values.push([windows, others]);
    windows += 1;
  }
  const readers = [...of.readers].map(({ compiled }) => compiled.id);
  return { readers, windows, values, shedAbove: of.shedAbove };
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
  const { plans } = lane.rules;
  const compiled = state.plans.map((of) => {
    const plan = readPlan(of, compileRule(of.rule, parts.catalog), state.keys, reader);
    plans.set(of.rule.id, plan);
    return plan.compiled;
  });
  for (const of of state.windows) {
    const readers = of.readers.map((id) => plans.get(id)!);
    const windows = readWindows(of, readers, state.keys, reader);
    for (const plan of readers) plan.windows = windows;
  }
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
  for (let slot = 0; slot < of.slots; slot++) {
    const key = keys[reader.next()]!;
    const touchedAt = reader.next();
    const [life, memory] = [lives.get(slot) ?? null, memories.get(slot) ?? null];
    plan.slots.set(key, { life, memory, touchedAt });
  }
  return plan;
}

function readWindows(
  of: WindowsState,
  readers: readonly RulePlan[],
  keys: readonly string[],
  reader: NumberReader,
): SharedWindows {
  const shared = new SharedWindows(readers);
  shared.shedAbove = of.shedAbove;
  const values = new Map(of.values);
  for (let window = 0; window < of.windows; window++) {
    const key = keys[reader.next()]!;
    const touchedAt = reader.next();
    const cells = reader.take(reader.next());
    shared.restore(key, { cells, others: values.get(window) ?? null }, touchedAt);
  }
  return shared;
}
