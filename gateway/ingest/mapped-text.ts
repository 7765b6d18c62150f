// Declared conversions of what a device sends (pure): text that is a number, with a unit or without, words, and
// values as text.
import { type FieldMapping, foldWord } from "../../contracts/mapping-format.ts";

interface UnitRule {
  readonly factor: number;
  readonly offset: number;
}

/** A value, or what it is in words where it is none. */
export type Converted = { readonly value: unknown } | { readonly fault: string };

export class Conversion {
  readonly #as: FieldMapping["as"];
  readonly #decimal: string;
  readonly #words: ReadonlyMap<string, string | number | boolean> | null;
  readonly #units: ReadonlyMap<string, UnitRule> | "any" | null;

  constructor({ as, decimal, units }: Pick<FieldMapping, "as" | "decimal" | "units">) {
    this.#as = as;
    this.#decimal = decimal ?? ".";
    this.#words =
      typeof as === "object"
        ? new Map(Object.entries(as).map(([word, value]) => [foldWord(word), value]))
        : null;
    this.#units =
      typeof units === "object"
        ? new Map(
            Object.entries(units).map(([unit, rule]) => [
              unit,
              typeof rule === "number"
                ? { factor: rule, offset: 0 }
                : { factor: rule.factor ?? 1, offset: rule.offset ?? 0 },
            ]),
          )
        : (units ?? null);
  }

  convert(found: unknown): Converted {
    if (this.#words) {
      const word = wordOf(found);
      const value = word === null ? undefined : this.#words.get(word);
      return value === undefined ? { fault: "none of the words" } : { value };
    }
    if (this.#as === "text") {
      const text = textOf(found);
      return text === null ? { fault: "no text, number or boolean" } : { value: text };
    }
    return this.#as === "number" && typeof found === "string"
      ? this.#numberIn(found)
      : { value: found };
  }

  #numberIn(text: string): Converted {
    const match = text.length <= TEXT_CHARS_MAX ? NUMBER.exec(text.trim()) : null;
    const [, sign = "", digits = "", unit = ""] = match ?? [];
    if (!match || digits.includes(this.#decimal === "," ? "." : ",")) return { fault: "no number" };
    const rule = this.#ruleOf(unit);
    if (rule === undefined)
      return {
        fault: this.#units ? "no number in a unit that the mapping lists" : "no number",
      };
    const value = Number(sign + digits.replace(",", "."));
    if (!Number.isFinite(value)) return { fault: "no number that can be kept" };
    if (!Number.isSafeInteger(value) && /^\d+$/.test(digits)) return { fault: TOO_MANY_DIGITS };
    return { value: value * rule.factor + rule.offset };
  }

  #ruleOf(unit: string): UnitRule | undefined {
    if (unit === "" || this.#units === "any") return AS_IT_IS;
    return this.#units?.get(unit);
  }
}

/** Null for what is no word: an array or an object may be too deep to become text. */
const wordOf = (found: unknown): string | null =>
  typeof found === "string" ? foldWord(found) : textOf(found);

/** Text, or a number or a boolean as text; null for anything else. */
export function textOf(found: unknown): string | null {
  if (typeof found === "string") return found;
  const isScalar =
    typeof found === "number" || typeof found === "bigint" || typeof found === "boolean";
  return isScalar ? String(found) : null;
}

export const TOO_MANY_DIGITS = "a whole number with more digits than can be kept exactly";
const AS_IT_IS: UnitRule = { factor: 1, offset: 0 };
const TEXT_CHARS_MAX = 64;
/** Sign, digits with one point or comma and an exponent, and what follows them. */
const NUMBER = /^([+-]?)((?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d{1,3})?)\s*(\D.*)?$/;
