// A condition for an entry of the mapping table to apply (pure).
import type { Condition, ValueType } from "../../contracts/mapping-format.ts";
import { type Pointer, parsePointer, valueAt } from "./json-pointer.ts";
import { Misfit, type Surroundings, scopeAt } from "./mapped-scope.ts";
import { InputExpression } from "./mapped-value.ts";
import { shownValue } from "./shown-value.ts";

export class MappedCondition {
  /** True if it is one of elements: those for which it does not hold are passed over. */
  readonly isOfElement: boolean;
  readonly #condition: Condition;
  readonly #pointer: Pointer | null;
  readonly #types: readonly ValueType[] | null;
  readonly #expression: InputExpression | null;

  /** @param steps pointers of `each`. @param at its place, in the words of faults. */
  constructor(condition: Condition, steps: number, at: string) {
    const { pointer, of = "message", type, expression } = condition;
    this.#condition = { ...condition, of };
    this.isOfElement = steps > 0 && of !== "message" && of !== 0;
    this.#pointer = pointer === undefined ? null : parsePointer(pointer);
    this.#types = type === undefined ? null : [type].flat();
    this.#expression =
      expression === undefined
        ? null
        : new InputExpression(at, expression, condition.with, pointer !== undefined);
  }

  /** True if what it is about is there; an element that is no array has no elements of its own. */
  isWithin({ scopes, fault }: { scopes: readonly unknown[]; fault: Misfit | null }): boolean {
    const { of } = this.#condition;
    return fault === null || (typeof of === "number" && of < scopes.length);
  }

  /** A misfit if nobody can say, because the message has cost too much; a condition without an answer does not hold. */
  holds(from: Surroundings): boolean | Misfit {
    const { equals, absent, of } = this.#condition;
    let value: unknown;
    if (this.#pointer !== null) {
      value = valueAt(scopeAt(from, of).value, this.#pointer);
      if (absent) return value === undefined;
      if (value === undefined || (equals !== undefined && value !== equals)) return false;
      if (this.#types !== null && !this.#types.includes(typeOf(value))) return false;
    }
    if (this.#expression === null) return true;
    const answer = this.#expression.evaluate(value, from);
    return answer instanceof Misfit && answer.reason === "too_large" ? answer : answer === true;
  }

  /** The reason why it does not hold, in words; null if it does. */
  whyNot(from: Surroundings): string | null {
    const { equals, absent, of, pointer, expression } = this.#condition;
    if (this.holds(from) === true) return null;
    if (this.#pointer === null) return `(${expression}) is not true`;
    const value = valueAt(scopeAt(from, of).value, this.#pointer);
    const at = `"${pointer}"`;
    if (absent) return `something is at ${at}`;
    if (value === undefined) return `nothing is at ${at}`;
    if (equals !== undefined && value !== equals)
      return `${at} is ${shownValue(value)}, not ${shownValue(equals)}`;
    if (this.#types !== null && !this.#types.includes(typeOf(value)))
      return `${at} is ${inWords(typeOf(value))}, not ${this.#types.map(inWords).join(" or ")}`;
    return `(${expression}) is not true of ${shownValue(value)} at ${at}`;
  }
}

/** A type with its article, as people say it. */
const inWords = (type: ValueType): string =>
  type === "null" ? type : `${/^[aeiou]/.test(type) ? "an" : "a"} ${type}`;

/** The type of a value that JSON can hold. */
function typeOf(value: unknown): ValueType {
  if (value === null) return "null";
  if (typeof value === "bigint") return "number"; // codecs/exact-json.ts/N1
  return Array.isArray(value) ? "array" : (typeof value as ValueType);
}
