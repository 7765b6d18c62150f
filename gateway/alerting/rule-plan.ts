// What a lane keeps of one rule, beside what it keeps of each key (pure).
import type { CompiledRule } from "../../contracts/compile-rule.ts";
import { type Remembered, type Memory, sizeOf } from "./evaluators.ts";
import { IdleTimers } from "./idle-timers.ts";
import { type Life, type LogPlace, isLive } from "./lifecycle.ts";

import { SlidingWindow } from "./sliding-window.ts";

/** At most this many keys of a rule are remembered in one lane, and this many values of windows. */
export const RULE_KEYS_MAX = 100_000;
export const RULE_VALUES_MAX = 1_000_000;
/** Values in the window of one key; of more, the newest count. */
const WINDOW_VALUES_MAX = 100_000;
/** Of those that may go, the share that goes at once: looking for them takes a pass over all. */
const SHED_SHARE = 0.1;

/** What a rule remembers of one key; a key that it remembers nothing of has none. */
export interface Slot extends Remembered {
  life: Life | null;
  memory: Memory | null;
  /** The lane's attended time when a reading last said something. */
  touchedAt: number;
}

export interface Bounds {
  readonly keysMax: number;
  readonly valuesMax: number;
}

export class RulePlan {
  compiled: CompiledRule;
  readonly slots = new Map<string, Slot>();
  /** Why it is not evaluated any more and since which place, or null. */
  disabled: { readonly why: string; readonly at: LogPlace } | null = null;
  /** True since it had to forget something. */
  limited = false;
  /** Where that was told. */
  limitedAt: LogPlace | null = null;
  /** Firing keys of rules that resolve by the clock. */
  resolving = new IdleTimers();
  /** Keys that an absence rule waits for: those that are not firing. */
  silent = new IdleTimers();
  /** Devices that lost their connection. */
  lost = new IdleTimers();
  /** Keys that fired in a maintenance window that is not over. */
  readonly silenced = new Set<string>();
  #values = 0;
  #shedAbove: number;
  readonly #bounds: Bounds;

  constructor(
    compiled: CompiledRule,
    bounds: Bounds = { keysMax: RULE_KEYS_MAX, valuesMax: RULE_VALUES_MAX },
  ) {
    this.compiled = compiled;
    this.#bounds = bounds;
    this.#shedAbove = bounds.valuesMax;
  }

  remembers(key: string): boolean {
    // A lookup costs as much as a condition, and most rules remember no key at all.
    return this.slots.size > 0 && this.slots.has(key);
  }

  /** The slot of a key, made if there is room; null if every key that is remembered has a live alert. */
  open(key: string, attendedAt: number): Slot | null {
    const known = this.slots.get(key);
    if (known) return known;
    if (this.slots.size >= this.#bounds.keysMax && !this.#shed()) return null;
    const slot: Slot = { life: null, memory: null, touchedAt: attendedAt };
    this.slots.set(key, slot);
    return slot;
  }

  /** After an evaluation: what is empty goes, and what is held stays within its bound. */
  settle(key: string, slot: Slot, sizeBefore: number): void {
    if (slot.memory instanceof SlidingWindow && slot.memory.size > WINDOW_VALUES_MAX) {
      this.limited = true;
      slot.memory.keep(WINDOW_VALUES_MAX);
    }
    this.#values += sizeOf(slot.memory) - sizeBefore;
    if (slot.life === null && slot.memory === null) this.slots.delete(key);
    if (this.#values <= this.#shedAbove) return;
    this.#shed();
    // Live alerts may hold more than that: looking for others to forget takes a pass over all.
    this.#shedAbove = Math.max(this.#bounds.valuesMax, this.#values * (1 + SHED_SHARE));
  }

  /** A key that an absence rule waits for. */
  waitFor(key: string, attendedAt: number): void {
    this.silent.touch(key, attendedAt);
    if (this.silent.size <= this.#bounds.keysMax) return;
    this.limited = true;
    this.silent.forget(Math.ceil(this.#bounds.keysMax * SHED_SHARE));
  }

  restore(key: string, slot: Slot): void {
    this.slots.set(key, slot);
    this.#values += sizeOf(slot.memory);
  }

  /**
   * Forgets a tenth of the keys that were silent longest; those with a live alert stay. False if there is
   * none to forget.
   */
  #shed(): boolean {
    this.limited = true;
    const idle = [...this.slots].filter(([, { life }]) => !isLive(life));
    idle.sort(([, a], [, b]) => a.touchedAt - b.touchedAt);
    const count = Math.ceil(idle.length * SHED_SHARE);
    for (const [key, { memory }] of idle.slice(0, count)) {
      this.#values -= sizeOf(memory);
      this.slots.delete(key);
    }
    return count > 0;
  }
}
