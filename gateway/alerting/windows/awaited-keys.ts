// The keys that rules wait for, the longest silent first (pure). Rules that wait for the same keys share the list
// of when each was heard, so that a reading moves its key once, and not once for each of hundreds of rules.
//
// X1. Each rule waits for the keys of its list but those that it missed already: when one is heard again, every rule
//     waits for it.
// X2. Nobody looks for what is due before something can be: time only moves keys to the end of the list.
import { IdleTimers } from "./idle-timers.ts";

type Due = ReturnType<IdleTimers["takeUntil"]>;

const NONE: Due = [];

/** A list that rules share. */
class HeardKeys {
  readonly heard = new IdleTimers();
  readonly sharers = new Set<AwaitedKeys>();
  /** Sharers that do not wait for a key. */
  readonly missed = new Map<string, Set<AwaitedKeys>>();
}

/** The keys that one rule waits for. */
export class AwaitedKeys {
  #list = new HeardKeys();
  #missedCount = 0;
  /** No key that is waited for was heard before this (X2). */
  #earliest = Number.POSITIVE_INFINITY;

  constructor() {
    this.#list.sharers.add(this);
  }

  get size(): number {
    return this.#list.heard.size - this.#missedCount;
  }

  has(key: string): boolean {
    return this.#list.heard.has(key) && !this.#isMissed(key);
  }

  /** All that share it wait for the key from now on. True if one of them did not before. @param at never goes back. */
  hear(key: string, at: number): boolean {
    const { heard, missed, sharers } = this.#list;
    const isNew = !heard.has(key);
    heard.touch(key, at);
    if (isNew) for (const each of sharers) each.#earliest = Math.min(each.#earliest, at);
    const missing = missed.size > 0 ? missed.get(key) : undefined;
    if (!missing) return isNew;
    for (const each of missing) {
      each.#missedCount -= 1;
      each.#earliest = Math.min(each.#earliest, at);
    }
    missed.delete(key);
    return true;
  }

  /** Waits for a key no more, until it is heard. */
  stop(key: string): void {
    const { heard, missed } = this.#list;
    if (!heard.has(key) || this.#isMissed(key)) return;
    const missing = missed.get(key);
    if (missing) missing.add(this);
    else missed.set(key, new Set([this]));
    this.#missedCount += 1;
  }

  /** Stops and returns those that were not heard after `at`, the longest silent first. */
  takeUntil(at: number): Due {
    if (at < this.#earliest) return NONE;
    const due: Due = [];
    this.#earliest = Number.POSITIVE_INFINITY;
    for (const [key, touchedAt] of this.entries()) {
      if (touchedAt > at) {
        this.#earliest = touchedAt;
        break;
      }
      due.push({ key, touchedAt });
    }
    for (const { key } of due) this.stop(key);
    return due;
  }

  /** Stops the `count` that were silent longest; what nobody waits for any more is forgotten. */
  forget(count: number): void {
    const { heard, missed, sharers } = this.#list;
    const oldest = this.entries().take(count).toArray();
    for (const [key] of oldest) this.stop(key);
    const forgotten = [...missed].filter(([, missing]) => missing.size === sharers.size);
    for (const [key, missing] of forgotten) {
      for (const each of missing) each.#missedCount -= 1;
      missed.delete(key);
      heard.stop(key);
    }
  }

  *entries(): Generator<[key: string, heardAt: number]> {
    for (const entry of this.#list.heard.entries()) if (!this.#isMissed(entry[0])) yield entry;
  }

  /** The same for all that wait for the same keys, or null if this one waits for others than those it shares them with. */
  get common(): object | null {
    return this.#missedCount === 0 ? this.#list : null;
  }

  /** Shares the list of another one from now on, if both say the same of the keys that they have. */
  share(other: AwaitedKeys): boolean {
    if (other.#list === this.#list) return true;
    const [own, others] = [[...this.entries()], [...other.#list.heard.entries()]];
    const at = new Map(others);
    if (own.some(([key, heardAt]) => (at.get(key) ?? heardAt) !== heardAt)) return false;
    const all = IdleTimers.from([...others, ...own.filter(([key]) => !at.has(key))]);
    if (!isInOrder(own, all) || !isInOrder(others, all)) return false;
    this.leave();
    const list = other.#list;
    this.#list = list;
    list.sharers.add(this);
    const before = new Set(at.keys());
    const waited = new Set(own.map(([key]) => key));
    for (const [key] of others) list.heard.stop(key);
    for (const [key, heardAt] of all.entries()) {
      list.heard.touch(key, heardAt);
      if (!waited.has(key)) this.stop(key);
      if (!before.has(key)) for (const each of list.sharers) if (each !== this) each.stop(key);
    }
    return true;
  }

  /** Has a list of its own, which is empty. */
  leave(): void {
    const { missed, sharers } = this.#list;
    sharers.delete(this);
    for (const [key, missing] of missed)
      if (missing.delete(this) && missing.size === 0) missed.delete(key);
    this.#list = new HeardKeys();
    this.#list.sharers.add(this);
    this.#missedCount = 0;
  }

  #isMissed(key: string): boolean {
    return this.#missedCount > 0 && this.#list.missed.get(key)?.has(this) === true;
  }

  /** True for both if they share one list. */
  isShared(other: AwaitedKeys): boolean {
    return other.#list === this.#list;
  }

  /** @param entries in whatever order. */
  static from(entries: Iterable<readonly [key: string, heardAt: number]>): AwaitedKeys {
    const keys = new AwaitedKeys();
    for (const [key, at] of IdleTimers.from(entries).entries()) keys.hear(key, at);
    return keys;
  }
}

/** True if the keys of a list are in the same order among all. */
function isInOrder(
  entries: readonly (readonly [key: string, at: number])[],
  all: IdleTimers,
): boolean {
  const wanted = new Set(entries.map(([key]) => key));
  let at = 0;
  for (const [key] of all.entries()) if (wanted.has(key) && entries[at++]![0] !== key) return false;
  return true;
}
