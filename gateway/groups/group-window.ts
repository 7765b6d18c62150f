// The readings that a group has in hand (pure): read from the log, not yet acknowledged, in the order of the log.
//
// W1. Readings of one key are with one member at a time, and are given to it in their order.
// W2. A key is the member's with the highest score (rendezvous). One that is to move to another member, because somebody
//     came, is not given on before all that its member has of it is acknowledged; what a member that is gone had is
//     given to others at once, from the first that it had not acknowledged on.
// W3. The place moves behind what is acknowledged without a gap: whatever is in front of it is done.
// W4. What is in hand is bounded, in readings and in bytes: `isFull` says when nothing more is to be read.
import { hashOf, scoreOf } from "../rendezvous.ts";

/** A reading with what is needed to give it to a member. */
export interface Entry<T> {
  readonly key: Key<T>;
  readonly item: T;
  readonly bytes: number;
  /** The member that it was given to, if it was. */
  member: Member<T> | null;
  isDone: boolean;
}

/** A client that has subscribed. */
export interface Member<T> {
  readonly id: string;
  readonly hash: number;
  /** Readings that it is to be given, in order; those before `taken` are not there any more. */
  queue: Entry<T>[];
  taken: number;
}

interface Key<T> {
  readonly name: string;
  readonly hash: number;
  member: Member<T> | null;
  /** Readings that its member has and has not acknowledged. */
  given: number;
  /** Readings in hand that are not done. */
  held: number;
  /** It goes to another member once nothing of it is given (W2). */
  moves: boolean;
}

export interface WindowBounds {
  readonly readingsMax: number;
  readonly bytesMax: number;
}

export class GroupWindow<T> {
  readonly #bounds: WindowBounds;
  readonly #members = new Map<string, Member<T>>();
  readonly #keys = new Map<string, Key<T>>();
  /** Readings in the order of the log, from `#first` on. */
  #entries: Entry<T>[] = [];
  #first = 0;
  #bytes = 0;

  constructor(bounds: WindowBounds) {
    this.#bounds = bounds;
  }

  /** Readings in hand, and those done behind one that is not. */
  get size(): number {
    return this.#entries.length - this.#first;
  }

  get isFull(): boolean {
    return this.size >= this.#bounds.readingsMax || this.#bytes >= this.#bounds.bytesMax; // W4
  }

  /** Enough is done for reading on to be worth while. */
  get isRoomy(): boolean {
    const { readingsMax, bytesMax } = this.#bounds;
    return this.size <= 0.75 * readingsMax && this.#bytes <= 0.75 * bytesMax;
  }

  /** The first reading that is not done (W3); undefined if all are. */
  get first(): T | undefined {
    return this.#entries[this.#first]?.item;
  }

  /** @returns the member that has something to take. */
  add(name: string, item: T, bytes: number): Member<T> | null {
    let key = this.#keys.get(name);
    if (!key) {
      key = { name, hash: hashOf(name), member: null, given: 0, held: 0, moves: false };
      this.#keys.set(name, key);
    }
    key.member ??= this.#memberOf(key);
    key.held += 1;
    const entry: Entry<T> = { key, item, bytes, member: null, isDone: false };
    this.#entries.push(entry);
    this.#bytes += bytes;
    if (key.moves || !key.member) return null;
    key.member.queue.push(entry);
    return key.member;
  }

  join(id: string): Member<T> {
    const member: Member<T> = { id, hash: hashOf(id), queue: [], taken: 0 };
    this.#members.set(id, member);
    this.#share();
    return member;
  }

  leave(member: Member<T>): void {
    if (this.#members.get(member.id) !== member) return;
    this.#members.delete(member.id);
    for (const key of this.#keys.values())
      if (key.member === member) {
        key.member = null;
        key.given = 0;
      }
    for (let at = this.#first; at < this.#entries.length; at++) {
      const entry = this.#entries[at]!;
      if (entry.member === member && !entry.isDone) entry.member = null; // W2
    }
    this.#share();
  }

  /** The next reading of a member, which has it from now on. */
  take(member: Member<T>): Entry<T> | null {
    const entry = member.queue[member.taken];
    if (!entry) return null;
    member.taken += 1;
    // Cut off when it is at least half: amortised constant time.
    if (member.taken * 2 >= member.queue.length) {
      member.queue = member.queue.slice(member.taken);
      member.taken = 0;
    }
    entry.member = member;
    entry.key.given += 1;
    return entry;
  }

  /**
   * The member is through with it. One that was given to another meanwhile is not done.
   * @returns the member that has more to take now, because a key has moved to it.
   */
  acknowledge(entry: Entry<T>, member: Member<T>): Member<T> | null {
    if (entry.member !== member || entry.isDone) return null;
    entry.isDone = true;
    const { key } = entry;
    key.given -= 1;
    key.held -= 1;
    this.#release();
    if (key.held === 0) {
      this.#keys.delete(key.name);
      return null;
    }
    if (!key.moves || key.given > 0) return null;
    key.moves = false;
    key.member = this.#memberOf(key);
    if (!key.member) return null;
    for (let at = this.#first; at < this.#entries.length; at++) {
      const waiting = this.#entries[at]!;
      if (waiting.key === key && !waiting.isDone) key.member.queue.push(waiting);
    }
    return key.member;
  }

  /** W3. */
  #release(): void {
    for (let next = this.#entries[this.#first]; next?.isDone;) {
      this.#bytes -= next.bytes;
      this.#first += 1;
      next = this.#entries[this.#first];
    }
    if (this.#first * 2 < this.#entries.length) return;
    this.#entries = this.#entries.slice(this.#first);
    this.#first = 0;
  }

  /** Gives every key that may move to its member, and every member what waits for it (W1, W2). */
  #share(): void {
    for (const member of this.#members.values()) {
      member.queue = [];
      member.taken = 0;
    }
    for (const key of this.#keys.values()) {
      const wanted = this.#memberOf(key);
      key.moves = key.given > 0 && key.member !== wanted;
      if (!key.moves) key.member = wanted;
    }
    for (let at = this.#first; at < this.#entries.length; at++) {
      const entry = this.#entries[at]!;
      if (entry.isDone || entry.member !== null || entry.key.moves) continue;
      entry.key.member?.queue.push(entry);
    }
  }

  #memberOf({ hash }: Key<T>): Member<T> | null {
    let best: Member<T> | null = null;
    let bestScore = -1;
    for (const member of this.#members.values()) {
      const score = scoreOf(hash, member.hash);
      if (score <= bestScore) continue;
      best = member;
      bestScore = score;
    }
    return best;
  }
}
