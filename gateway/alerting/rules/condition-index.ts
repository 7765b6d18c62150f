// Which of many conditions some values may fulfil (pure). Most readings are far from most conditions; asking
// thousands of them costs more than everything else that is done with a reading.
//
// T1. A condition of which nothing simple can be said (condition-bounds.ts) is always named.
// T2. What is the same term of several conditions is computed once. Its limits are sorted, so values find those
//     that they reach and stop at the first that they do not: time goes with the terms that there are and the
//     conditions that may hold, not with those that there are. What has to be equal is found by its hash.
// T3. Values that lack a variable of a term reach none of its limits, because they say nothing about a condition
//     that has it; a value of another type than its variable reaches every condition with it, which refuses it.
import type { Bound, Needs, Term } from "../../../contracts/rules/condition-bounds.ts";
import type { PlaceSet } from "./place-set.ts";

type Values = Readonly<Record<string, unknown>>;

/** Needs of a condition, and its place among all. */
export interface PlacedNeeds {
  readonly place: number;
  readonly needs: Needs;
}

/** Sorted limits, those that are reached first come first. */
interface Side {
  readonly limits: Float64Array;
  readonly places: Int32Array;
}

interface TermLimits {
  readonly term: Term;
  readonly below: Side;
  readonly above: Side;
  readonly equal: ReadonlyMap<unknown, Int32Array>;
  readonly all: Int32Array;
}

interface Watched {
  readonly name: string;
  /** As of `typeof`. */
  readonly type: string;
  readonly places: Int32Array;
}

const TYPE_OF = { double: "number", string: "string", bool: "boolean" } as const;

export class ConditionIndex {
  readonly #terms: readonly TermLimits[];
  readonly #watched: readonly Watched[];
  readonly #always: Int32Array;

  constructor(conditions: readonly PlacedNeeds[]) {
    const always: number[] = [];
    const limits: { readonly bound: Bound; readonly place: number }[] = [];
    const watched: { readonly name: string; readonly type: string; readonly place: number }[] = [];
    for (const { place, needs } of conditions) {
      const [bounds] = needs.alternatives;
      if (bounds === undefined) {
        always.push(place); // T1
        continue;
      }
      for (const bound of bounds) limits.push({ bound, place });
      for (const [name, type] of needs.variables)
        watched.push({ name, type: TYPE_OF[type], place });
    }
    this.#always = Int32Array.from(always);
    this.#terms = [...Map.groupBy(limits, ({ bound }) => bound.term.text).values()].map(limitsOf);
    this.#watched = [...Map.groupBy(watched, ({ name, type }) => `${type} ${name}`).values()].map(
      (of) => ({ ...of[0]!, places: placesOf(of) }),
    );
  }

  /** Adds the places of the conditions that may hold. */
  mark(values: Values, into: PlaceSet): void {
    into.addAll(this.#always);
    for (let at = 0; at < this.#watched.length; at++) {
      const { name, type, places } = this.#watched[at]!;
      const value = values[name];
      if (typeof value !== type && value !== undefined && value !== null) into.addAll(places); // T3
    }
    for (let at = 0; at < this.#terms.length; at++) markTerm(this.#terms[at]!, values, into);
  }
}

const placesOf = (of: readonly { readonly place: number }[]): Int32Array =>
  Int32Array.from(new Set(of.map(({ place }) => place)));

function limitsOf(of: readonly { readonly bound: Bound; readonly place: number }[]): TermLimits {
  const side = (from: "below" | "above"): Side => {
    const sign = from === "below" ? 1 : -1;
    const sorted = of
      .filter(({ bound }) => bound.from === from)
      .sort((a, b) => sign * (Number(a.bound.limit) - Number(b.bound.limit)));
    return {
      limits: Float64Array.from(sorted, ({ bound }) => Number(bound.limit)),
      places: Int32Array.from(sorted, ({ place }) => place),
    };
  };
  const equal = Map.groupBy(
    of.filter(({ bound }) => bound.from === "equal"),
    ({ bound }) => bound.limit,
  );
  return {
    term: of[0]!.bound.term,
    below: side("below"),
    above: side("above"),
    equal: new Map([...equal].map(([limit, those]) => [limit, placesOf(those)])),
    all: placesOf(of),
  };
}

function markTerm({ term, below, above, equal, all }: TermLimits, values: Values, into: PlaceSet) {
  const { names } = term;
  for (let at = 0; at < names.length; at++) {
    const value = values[names[at]!];
    if (value === undefined || value === null) return; // T3
  }
  const value = term.valueOf(values);
  if (equal.size > 0) {
    const places = equal.get(value);
    if (places) into.addAll(places);
  }
  if (typeof value !== "number") return;
  if (Number.isNaN(value)) return into.addAll(all);
  for (let at = 0; at < below.limits.length && value >= below.limits[at]!; at++)
    into.add(below.places[at]!); // T2
  for (let at = 0; at < above.limits.length && value <= above.limits[at]!; at++)
    into.add(above.places[at]!);
}
