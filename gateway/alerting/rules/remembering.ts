// Which rules remember something of a key (pure): of thousands of rules a reading asks those, and not each
// rule whether it does.
import type { Remembered } from "./lane-kind.ts";
import type { Life } from "./lifecycle.ts";

/** The memory of a rule about one key; a key that it remembers nothing of has none. */
export interface Slot extends Remembered {
  life: Life | null;
  /** The lane's attended time when a reading last said something. */
  touchedAt: number;
}

/** Keys of rules that go by the same tags. @typeParam R a rule. */
export class Remembering<R> {
  readonly #byKey = new Map<string, R[]>();

  /** Rules that remember a key, in no order. */
  of(key: string): readonly R[] | undefined {
    return this.#byKey.get(key);
  }

  add(key: string, state: R): void {
    const states = this.#byKey.get(key);
    if (states) states.push(state);
    else this.#byKey.set(key, [state]);
  }

  remove(key: string, state: R): void {
    const states = this.#byKey.get(key);
    const at = states?.indexOf(state) ?? -1;
    if (!states || at < 0) return;
    const last = states.pop()!;
    if (last !== state) states[at] = last;
    if (states.length === 0) this.#byKey.delete(key);
  }
}

/** The memory of a rule, by key, which tells who keeps what rules remember. */
export class Slots<R extends { readonly isAskedOfSteps: boolean }> extends Map<string, Slot> {
  readonly #state: R;
  /** Keys that were told, of a rule that is not asked of all that it remembers. */
  readonly #told = new Set<string>();
  #remembering: Remembering<R> | null = null;

  constructor(state: R) {
    super();
    this.#state = state;
  }

  /** Tells of what there is, and of every change from now on; null for no more. */
  tell(remembering: Remembering<R> | null): void {
    if (remembering === this.#remembering) return;
    for (const key of this.keys()) this.#untell(key);
    this.#remembering = remembering;
    for (const [key, slot] of this) this.#tell(key, slot);
  }

  /** After the life of a slot began or ended. */
  settle(key: string, slot: Slot): void {
    if (this.#told.has(key) === (slot.life !== null)) return;
    if (slot.life === null) this.#untell(key);
    else this.#tell(key, slot);
  }

  #tell(key: string, { life }: Slot): void {
    if (this.#remembering === null) return;
    if (this.#state.isAskedOfSteps) {
      if (life === null) return;
      this.#told.add(key);
    }
    this.#remembering.add(key, this.#state);
  }

  #untell(key: string): void {
    if (this.#state.isAskedOfSteps && !this.#told.delete(key)) return;
    this.#remembering?.remove(key, this.#state);
  }

  /** @param key one that is not there. */
  override set(key: string, slot: Slot): this {
    super.set(key, slot);
    this.#tell(key, slot);
    return this;
  }

  override delete(key: string): boolean {
    if (!super.delete(key)) return false;
    this.#untell(key);
    return true;
  }

  override clear(): void {
    for (const key of this.keys()) this.#untell(key);
    super.clear();
  }
}
