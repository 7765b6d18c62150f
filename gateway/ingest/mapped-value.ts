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

/** What surrounds a value: its message, or an element of it. */
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
    if (found === undefined) return this.#misfit("nothing");
    const value = this.#convert(found);
    if (value instanceof Misfit || (factor === undefined && offset === undefined)) return value;
    if (typeof value !== "number")
      return new Misfit(`/${this.name}: only a number has a unit, and ${this.#at} is none`);
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
      const word = typeof found === "string" ? foldWord(found) : String(found);
      const isWord = ["string", "number", "boolean"].includes(typeof found);
      return (isWord ? this.#words.get(word) : undefined) ?? this.#misfit("none of the words");
    }
    if (this.#mapping.as !== "number" || typeof found !== "string") return found;
    return this.#numberIn(found);
  }

  #numberIn(text: string): number | Misfit {
    const match = text.length <= TEXT_CHARS_MAX ? NUMBER.exec(text.trim()) : null;
    const [, sign = "", digits = "", unit = ""] = match ?? [];
    if (!match || !this.#hasRightPoint(digits)) return this.#misfit("no number");
    const multiplier = unit === "" ? 1 : this.#units?.get(unit);
    if (multiplier === undefined)
      return this.#misfit(this.#units ? "no number in a unit that the mapping lists" : "no number");
    const value = Number(sign + digits.replace(",", "."));
    if (!Number.isFinite(value)) return this.#misfit("no number that can be kept");
    if (!Number.isSafeInteger(value) && /^\d+$/.test(digits))
      return this.#misfit("a whole number with more digits than can be kept exactly");
    return value * multiplier;
  }

  #hasRightPoint(digits: string): boolean {
    return !digits.includes(this.#mapping.decimal === "," ? "." : ",");
  }

  get #at(): string {
    return `the text at "${shownPointers(this.#mapping.pointer ?? "")}"`;
  }

  #misfit(what: string): Misfit {
    return what === "nothing"
      ? new Misfit(`/${this.name}: nothing at "${shownPointers(this.#mapping.pointer ?? "")}"`)
      : new Misfit(`/${this.name}: ${this.#at} is ${what}`);
  }
}

const TEXT_CHARS_MAX = 64;
/** Sign, digits with one point or comma and an exponent, and what follows them. */
const NUMBER = /^([+-]?)((?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d{1,3})?)\s*(\D.*)?$/;
