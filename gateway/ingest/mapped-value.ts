// One property of a mapped reading (pure): where it comes from, and what its text is converted to.
import { type FieldMapping, type Invalid, foldWord } from "../../contracts/mapping.ts";
import { firstAt, type Pointer, parsePointers, shownPointers } from "./json-pointer.ts";

/** A class, because fields hold whatever a device sends: a look-alike must not pass for one. */
export class Misfit {
  readonly kind = "misfit";
  readonly reason: "unmappable" | "too_large";
  readonly detail: string;

  constructor(detail: string, reason: "unmappable" | "too_large" = "unmappable") {
    this.reason = reason;
    this.detail = detail;
  }
}

/** The surroundings of a value: its message, or an element of it. */
export interface Surroundings {
  readonly message: unknown;
  readonly element: unknown;
  /** Place of the element in its array; -1 without one. */
  readonly index: number;
  /** Text that stands for a name of the topic, or of a key. */
  readonly named: (name: string) => string | undefined;
}

export class MappedField {
  readonly name: string;
  readonly invalid: Invalid;
  /** A value that cannot be converted is left out. */
  readonly omits: boolean;
  readonly #mapping: FieldMapping;
  readonly #pointers: readonly Pointer[];
  readonly #words: ReadonlyMap<string, string | number | boolean> | null;
  readonly #units: ReadonlyMap<string, number> | null;

  /** @param omits what the entry says of optional fields that are invalid. */
  constructor(name: string, mapping: FieldMapping, omits: "omit" | "refuse") {
    this.name = name;
    this.#mapping = mapping;
    this.invalid = mapping.invalid ?? (mapping.optional === true ? omits : "refuse");
    this.omits = mapping.optional === true && this.invalid !== "refuse";
    this.#pointers = parsePointers(mapping.pointer ?? "");
    this.#words =
      typeof mapping.as === "object"
        ? new Map(Object.entries(mapping.as).map(([word, value]) => [foldWord(word), value]))
        : null;
    this.#units = mapping.units ? new Map(Object.entries(mapping.units)) : null;
  }

  /** Undefined if the property is left out because nothing is there. */
  read(from: Surroundings): unknown {
    const { optional, factor, offset } = this.#mapping;
    const found = this.#find(from);
    if (optional === true && (found === undefined || found === null)) return undefined;
    if (found === undefined) return new Misfit(`/${this.name}: nothing at "${this.#place}"`);
    const value = this.#convert(found);
    if (value instanceof Misfit || (factor === undefined && offset === undefined)) return value;
    if (typeof value === "bigint") return this.#misfit(value, TOO_MANY_DIGITS);
    if (typeof value !== "number")
      return new Misfit(
        `/${this.name}: only a number has a unit, and ${kindOf(value)} at "${this.#place}" is none`,
      );
    return value * (factor ?? 1) + (offset ?? 0);
  }

  #find({ message, element, index, named }: Surroundings): unknown {
    const { constant, level, index: first, of } = this.#mapping;
    if (constant !== undefined) return constant;
    if (level !== undefined) return named(level);
    if (first !== undefined) return String(first + index);
    return firstAt(of === "message" ? message : element, this.#pointers, index);
  }

  #convert(found: unknown): unknown {
    if (this.#words) {
      const word = wordOf(found);
      return (
        (word === null ? undefined : this.#words.get(word)) ??
        this.#misfit(found, "none of the words")
      );
    }
    if (this.#mapping.as !== "number" || typeof found !== "string") return found;
    return this.#numberIn(found);
  }

  #numberIn(text: string): number | Misfit {
    const match = text.length <= TEXT_CHARS_MAX ? NUMBER.exec(text.trim()) : null;
    const [, sign = "", digits = "", unit = ""] = match ?? [];
    if (!match || !this.#hasRightPoint(digits)) return this.#misfit(text, "no number");
    const multiplier = unit === "" ? 1 : this.#units?.get(unit);
    if (multiplier === undefined)
      return this.#misfit(
        text,
        this.#units ? "no number in a unit that the mapping lists" : "no number",
      );
    const value = Number(sign + digits.replace(",", "."));
    if (!Number.isFinite(value)) return this.#misfit(text, "no number that can be kept");
    if (!Number.isSafeInteger(value) && /^\d+$/.test(digits))
      return this.#misfit(text, TOO_MANY_DIGITS);
    return value * multiplier;
  }

  #hasRightPoint(digits: string): boolean {
    return !digits.includes(this.#mapping.decimal === "," ? "." : ",");
  }

  get #place(): string {
    return shownPointers(this.#mapping.pointer ?? "");
  }

  #misfit(found: unknown, what: string): Misfit {
    return new Misfit(`/${this.name}: ${kindOf(found)} at "${this.#place}" is ${what}`);
  }
}

const kindOf = (found: unknown): string => (typeof found === "string" ? "the text" : "the value");

/** Null for what is no word: an array or an object may be too deep to become text. */
function wordOf(found: unknown): string | null {
  if (typeof found === "string") return foldWord(found);
  const isWord =
    typeof found === "number" || typeof found === "bigint" || typeof found === "boolean";
  return isWord ? String(found) : null;
}

const TOO_MANY_DIGITS = "a whole number with more digits than can be kept exactly";
const TEXT_CHARS_MAX = 64;
/** Sign, digits with one point or comma and an exponent, and what follows them. */
const NUMBER = /^([+-]?)((?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d{1,3})?)\s*(\D.*)?$/;
