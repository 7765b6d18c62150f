// What a lane keeps of one rule, beside what it keeps of each key (pure).
//
// U1. Readings that come too late (`lateAfter`) have a state of their own, `late`: what was never touches
//     what is. It is there while something is remembered in it, and smaller than the other.
import canonicalize from "canonicalize";
import { ANYTHING, type Needs, needsOfBoth } from "../../../contracts/rules/condition-bounds.ts";
import type { CompiledRule } from "../../../contracts/rules/compile-rule.ts";
import { AwaitedKeys } from "../windows/awaited-keys.ts";
import { IdleTimers } from "../windows/idle-timers.ts";
import { SHED_SHARE, longestSilent } from "../windows/longest-silent.ts";
import type { SharedWindows, WindowReader, WindowSpec } from "../windows/shared-windows.ts";
import { laneKindOf } from "./kinds/table.ts";
import type { Evaluate, Outlook, Values, Waits } from "./lane-kind.ts";
import { type LogPlace, type Verdict, isLive } from "./lifecycle.ts";
import { type Slot, Slots } from "./remembering.ts";
import { RuleErrors } from "./rule-errors.ts";
import type { SlidingWindow } from "../windows/sliding-window.ts";

/** The number of keys of a rule that are remembered in one lane, at most. */
const RULE_KEYS_MAX = 100_000;
/** The number of keys of a rule of which readings come too late, at most. */
export const LATE_KEYS_MAX = 10_000;
export class RuleState implements WindowReader {
  compiled: CompiledRule;
  /** Null: no reading decides it. */
  evaluate: Evaluate | null = null;
  /** Null unless it is all that a key without an alert has to be asked. */
  condition: ((values: Values) => boolean) | null = null;
  /** Null: every state of its windows may make it fire, or it has none. */
  outlook: Outlook | null = null;
  /** True if only its needs, or a life, make it be asked of a key (lane-kind.ts). */
  isAskedOfSteps = false;
  /** Null: it looks at no windows. */
  windowSpec: WindowSpec | null = null;
  /** The verdict on a window that moved on without a reading; null: only readings say something. */
  drain: ((window: SlidingWindow) => Verdict | null) | null = null;
  /** Null: it waits for no key. */
  waits: Waits | null = null;
  readonly slots = new Slots<RuleState>(this);
  /** The reason for which it is not evaluated any more, and the place since which, or null. */
  disabled: { readonly why: string; readonly at: LogPlace } | null = null;
  /** True since it had to forget something. */
  limited = false;
  /** The place of the alert about it. */
  limitedAt: LogPlace | null = null;
  /** Firing keys of rules that resolve by the clock. */
  resolving = new IdleTimers();
  /** Keys with a life whose windows move on by the clock. */
  draining = new IdleTimers();
  /** Keys that the rule waits for: those that are not firing. */
  silent = new AwaitedKeys();
  /** Devices that lost their connection. */
  lost = new IdleTimers();
  /** Keys that fired in a maintenance window that is not over. */
  readonly silenced = new Set<string>();
  /** The windows that the rule looks at, if it does. */
  windows: SharedWindows | null = null;
  /** Keys that it cannot be evaluated for. */
  errors = new RuleErrors();
  /** State of readings that came too late (U1); null while nothing of them is known. */
  late: RuleState | null = null;
  /** The last reading of each key of a late state. */
  quiet = new IdleTimers();
  /** Readings that rules of its contracts were asked about when it began (rule-set.ts). */
  askedBefore = 0;
  /** The rule's state: this one, or the one that this is the late one of. */
  readonly main: RuleState;
  /** The rule without anything it knows, as a snapshot has it; made when one is taken. */
  blankText: string | null = null;
  /** Its place among all rules of the lane (rule-set.ts). */
  order = 0;
  readonly #keysMax: number;

  constructor(compiled: CompiledRule, keysMax = RULE_KEYS_MAX, main: RuleState | null = null) {
    this.#keysMax = keysMax;
    this.main = main ?? this;
    this.compiled = compiled;
    this.#askKind();
  }

  get isLate(): boolean {
    return this.main !== this;
  }

  get id(): string {
    return this.compiled.id;
  }

  /** Goes on with what it knows; the same rule was compiled anew, perhaps with other maintenance windows. */
  recompiled(rule: CompiledRule): void {
    if (rule === this.compiled) return;
    if (canonicalize(rule.rule.silences) !== canonicalize(this.compiled.rule.silences))
      this.#askSilencesAnew();
    this.compiled = rule;
    this.blankText = null;
    this.#askKind();
    if (this.windowSpec) this.windows?.respecified(this.windowSpec);
    this.late?.recompiled(rule);
  }

  /** The window that an alert fired in may be gone, or go on for longer: when the clock moves on, it is asked again. */
  #askSilencesAnew(): void {
    for (const key of this.silenced) {
      const life = this.slots.get(key)?.life;
      if (life && life.silencedUntilMs !== null) life.silencedUntilMs = 0;
    }
  }

  #askKind(): void {
    const { compiled } = this;
    const kind = laneKindOf(compiled);
    this.evaluate = kind.evaluateOf?.(compiled) ?? null;
    this.condition = kind.conditionOf?.(compiled) ?? null;
    this.isAskedOfSteps = kind.isAskedOfSteps === true;
    this.outlook = kind.outlookOf?.(compiled) ?? null;
    this.windowSpec = kind.windowsOf?.(compiled) ?? null;
    this.drain = kind.drainOf?.(compiled) ?? null;
    this.waits = kind.waitsOf?.(compiled) ?? null;
  }

  /**
   * What a reading of a contract needs for the rule to say or remember anything of a key that it remembers nothing
   * of. For rules without windows.
   */
  needs(contract: string): Needs {
    const { where } = this.compiled;
    const own = laneKindOf(this.compiled).needsOf?.(this.compiled, contract) ?? ANYTHING;
    return where === null ? own : needsOfBoth(where.needs, own);
  }

  /** True if it knows nothing, beside what is in its windows. */
  get isBlank(): boolean {
    return (
      this.slots.size === 0 &&
      this.silent.size === 0 &&
      this.lost.size === 0 &&
      this.late === null &&
      this.resolving.size === 0 &&
      this.draining.size === 0 &&
      this.silenced.size === 0 &&
      this.errors.byKey.size === 0 &&
      this.disabled === null &&
      this.limitedAt === null
    );
  }

  /** True if something of it may end or begin by the clock alone. */
  get isTimed(): boolean {
    return (
      this.waits !== null ||
      this.late !== null ||
      this.resolving.size > 0 ||
      this.draining.size > 0 ||
      this.silenced.size > 0 ||
      this.errors.byKey.size > 0
    );
  }

  remembers(key: string): boolean {
    // A lookup costs as much as a condition, and most rules remember no key at all.
    return this.slots.size > 0 && this.slots.has(key);
  }

  /** True from the firing of the key's alert until it is resolved. */
  isLive(key: string): boolean {
    return isLive(this.slots.get(key)?.life);
  }

  /** The slot of a key, made if there is room; null if every key that is remembered has a live alert. */
  open(key: string, attendedAt: number, memory: Slot["memory"] = null): Slot | null {
    const known = this.slots.get(key);
    if (known) return known;
    if (this.slots.size >= this.#keysMax && !this.#shed()) return null;
    const slot: Slot = { life: null, memory, touchedAt: attendedAt };
    this.slots.set(key, slot);
    return slot;
  }

  /** After an evaluation: what is empty goes. */
  settle(key: string, slot: Slot): void {
    if (slot.life === null && slot.memory === null) this.slots.delete(key);
    else if (this.isAskedOfSteps) this.slots.settle(key, slot);
  }

  /** Starts anew the time after which a late state forgets a key of which nothing more comes. */
  heardLate(key: string, attendedAt: number): void {
    if (!this.#holds(key)) return;
    this.quiet.touch(key, attendedAt);
    // Keys that were shed still stand there.
    if (this.quiet.size > 3 * this.#keysMax)
      this.quiet = IdleTimers.from([...this.quiet.entries()].filter(([of]) => this.#holds(of)));
  }

  #holds(key: string): boolean {
    return this.slots.has(key) || this.windows?.keys.has(key) === true;
  }

  /** Begins to wait for a key. */
  waitFor(key: string, attendedAt: number): void {
    if (this.silent.hear(key, attendedAt)) this.boundSilent();
  }

  /** After one that shares its keys began to wait for another one. */
  boundSilent(): void {
    if (this.silent.size <= this.#keysMax) return;
    this.limited = true;
    this.silent.forget(Math.ceil(this.#keysMax * SHED_SHARE));
  }

  /**
   * Forgets a tenth of the keys that were silent longest; those with a live alert stay. False if there is
   * none to forget.
   */
  #shed(): boolean {
    this.limited = true;
    const silent = longestSilent(this.slots, (_, { life }) => !isLive(life));
    for (const [key] of silent) this.slots.delete(key);
    return silent.length > 0;
  }
}
