// One property of a mapped reading (pure): where it comes from, and what it is converted to.
import type { FieldMapping, Inputs, Invalid } from "../../contracts/mapping-format.ts";
import {
  INPUT_CHARS_MAX,
  type MappedExpression,
  compileMapped,
} from "../../contracts/rules/mapped-expression.ts";
import { firstAt, type Pointer, parsePointers, shownPointers } from "./json-pointer.ts";
import {
  EXPRESSION_CHARS_MAX,
  Misfit,
  type Surroundings,
  indexIn,
  scopeAt,
} from "./mapped-scope.ts";
import { Conversion, TOO_MANY_DIGITS } from "./mapped-text.ts";

export class MappedField {
  readonly name: string;
  readonly invalid: Invalid;
  /** A value that cannot be converted is left out. */
  readonly omits: boolean;
  readonly #mapping: FieldMapping;
  readonly #pointers: readonly Pointer[];
  /** Null where the value is taken as it is. */
  readonly #conversion: Conversion | null;
  readonly #expression: InputExpression | null;

  /** @param omits what the entry says of optional fields that are invalid. */
  constructor(name: string, mapping: FieldMapping, omits: "omit" | "refuse") {
    this.name = name;
    this.#mapping = mapping;
    this.invalid = mapping.invalid ?? (mapping.optional === true ? omits : "refuse");
    this.omits = mapping.optional === true && this.invalid !== "refuse";
    this.#pointers = parsePointers(mapping.pointer ?? "");
    this.#conversion = mapping.as === undefined ? null : new Conversion(mapping);
    this.#expression =
      mapping.expression === undefined
        ? null
        : new InputExpression(name, mapping.expression, mapping.with, hasSource(mapping));
  }

  /** Undefined if the property is left out because nothing is there. */
  read(from: Surroundings): unknown {
    const { optional, factor, offset } = this.#mapping;
    const found = this.#made(from);
    if (found === undefined || found === null) {
      if (this.#mapping.default !== undefined) return this.#mapping.default;
      if (optional === true) return undefined;
      if (found === undefined) return new Misfit(`/${this.name}: nothing at "${this.#place}"`);
    }
    if (found instanceof Misfit || (factor === undefined && offset === undefined)) return found;
    if (typeof found === "bigint") return this.#misfit(found, TOO_MANY_DIGITS);
    if (typeof found !== "number")
      return new Misfit(
        `/${this.name}: only a number has a unit, and ${kindOf(found)} at "${this.#place}" is none`,
      );
    return found * (factor ?? 1) + (offset ?? 0);
  }

  /** The value that is there, converted, or what the expression makes of it; undefined or null if there is none. */
  #made(from: Surroundings): unknown {
    const expression = this.#expression;
    if (expression && !hasSource(this.#mapping)) return expression.evaluate(undefined, from);
    const found = this.#find(from);
    if (found === undefined || found instanceof Misfit) return found;
    if (found === null && (this.#mapping.optional === true || this.#mapping.default !== undefined))
      return null;
    let value: unknown = found;
    if (this.#conversion) {
      const converted = this.#conversion.convert(found);
      if ("fault" in converted) return this.#misfit(found, converted.fault);
      ({ value } = converted);
    }
    return expression ? expression.evaluate(value, from) : value;
  }

  #find(from: Surroundings): unknown {
    const { constant, level, index, of, client } = this.#mapping;
    if (constant !== undefined) return constant;
    if (level !== undefined) return from.named(level);
    if (index !== undefined) return String(index + scopeAt(from, of).index);
    if (client) return from.clientId;
    return firstAt(scopeAt(from, of).value, this.#pointers, indexIn(from));
  }

  get #place(): string {
    const { pointer, level, client, expression } = this.#mapping;
    if (pointer !== undefined) return shownPointers(pointer);
    return level ?? (client ? "the client id" : (expression ?? ""));
  }

  #misfit(found: unknown, what: string): Misfit {
    return new Misfit(`/${this.name}: ${kindOf(found)} at "${this.#place}" is ${what}`);
  }
}

const hasSource = ({ pointer, level, index, constant, client }: FieldMapping): boolean =>
  [pointer, level, index, constant, client].some((one) => one !== undefined);

const kindOf = (found: unknown): string => (typeof found === "string" ? "the text" : "the value");

/** An expression, and where its inputs are. */
export class InputExpression {
  readonly #name: string;
  readonly #expression: MappedExpression;
  readonly #inputs: readonly (readonly [name: string, field: MappedField | null])[];

  /**
   * @param name of what it is for, in the words of faults.
   * @param hasValue true if there is an input `value` that no pointer of `inputs` names.
   */
  constructor(name: string, text: string, inputs: Inputs | undefined, hasValue: boolean) {
    const given = Object.entries(inputs ?? {});
    this.#name = name;
    this.#expression = compileMapped(text, [
      ...given.map(([input]) => input),
      ...(hasValue ? ["value"] : []),
    ]);
    const fields = new Map(
      given.map(([input, of]) => [
        input,
        new MappedField(`${name}/with/${input}`, optionally(of), "refuse"),
      ]),
    );
    this.#inputs = this.#expression.names.map((input) => [input, fields.get(input) ?? null]);
  }

  /** Undefined if an input is missing. */
  evaluate(value: unknown, from: Surroundings): unknown {
    const inputs: Record<string, unknown> = {};
    let chars = 0;
    for (const [input, field] of this.#inputs) {
      const found = field === null ? value : field.read(from);
      if (found === undefined || found === null || found instanceof Misfit)
        return found ?? undefined;
      if (!isInput(found))
        return new Misfit(
          `/${this.#name}: ${input} is no number, no boolean and no text of up to ${INPUT_CHARS_MAX} characters`,
        );
      inputs[input] = found;
      if (typeof found === "string") chars += found.length;
    }
    if (!from.work.add(chars)) return new Misfit(`/${this.#name}: ${TOO_MUCH_WORK}`, "too_large");
    try {
      return this.#expression.evaluate(inputs);
    } catch (error) {
      const [why = ""] = (error as Error).message.split("\n");
      return new Misfit(`/${this.#name}: the expression has no answer: ${why}`);
    }
  }
}

const TOO_MUCH_WORK = `the expressions of a message take ${EXPRESSION_CHARS_MAX} characters at most`;

const optionally = (input: string | FieldMapping): FieldMapping =>
  typeof input === "string"
    ? { pointer: input, optional: true, invalid: "refuse" }
    : input.default === undefined
      ? { ...input, optional: true, invalid: "refuse" }
      : input;

const isInput = (value: unknown): boolean =>
  typeof value === "string"
    ? value.length <= INPUT_CHARS_MAX
    : typeof value === "number" || typeof value === "bigint" || typeof value === "boolean";
