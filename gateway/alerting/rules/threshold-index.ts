// Which rules of a contract a reading can make fire at all (pure). Most readings are far from most
// thresholds; asking a hundred conditions costs more than everything else that is done with a reading.
//
// T1. A rule whose condition has no bounds (condition-bounds.ts) is always asked.
// T2. Limits are sorted by field and side, so a reading finds those that it reaches and stops at the first
//     that it does not: time goes with the rules that may hold, not with those that there are.
import { type Bound, reaches } from "../../../contracts/rules/condition-bounds.ts";

interface Limit {
  readonly bound: Bound;
  /** The rule's place. */
  readonly rule: number;
}

interface Side {
  readonly name: string;
  /** Those that are reached first come first. */
  readonly limits: readonly Limit[];
}

export class ThresholdIndex {
  readonly #sides: readonly Side[];
  /** The last reading that reaches one of a rule's bounds, by the rule's place; infinite without bounds. */
  readonly #reachedBy: Float64Array;
  #reading = 0;

  /** @param boundsOf each rule's, in the order of their places; null without any. */
  constructor(boundsOf: readonly (readonly Bound[] | null)[]) {
    this.#reachedBy = new Float64Array(boundsOf.length).fill(Number.POSITIVE_INFINITY);
    const limits = boundsOf.flatMap((bounds, place): Limit[] => {
      if (bounds === null) return [];
      this.#reachedBy[place] = 0;
      return bounds.map((bound) => ({ bound, rule: place }));
    });
    const sides = Map.groupBy(limits, ({ bound: { name, from } }) => `${from} ${name}`);
    this.#sides = [...sides.values()].map((of) => {
      const { name, from } = of[0]!.bound;
      const sign = from === "below" ? 1 : -1;
      return { name, limits: of.sort((a, b) => sign * (a.bound.limit - b.bound.limit)) };
    });
  }

  /** Has `mayHold` answer for this reading from now on. */
  look(values: Readonly<Record<string, unknown>>): void {
    this.#reading += 1;
    for (let side = 0; side < this.#sides.length; side++) {
      const { name, limits } = this.#sides[side]!;
      const value = values[name];
      for (let at = 0; at < limits.length; at++) {
        const { bound, rule } = limits[at]!;
        if (!reaches(bound, value)) break; // T2
        this.#reachedBy[rule] = this.#reading;
      }
    }
  }

  /** False if the condition of the rule at this place cannot hold. */
  mayHold(place: number): boolean {
    return this.#reachedBy[place]! >= this.#reading; // T1
  }
}
