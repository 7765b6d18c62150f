// The elements of a message that are readings (pure): arrays, arrays in arrays, members of objects, rows under
// the names of their columns.
import {
  type Columns,
  type NamePattern,
  keyPattern,
  namedPart,
} from "../../contracts/mapping-format.ts";
import { type Pointer, parsePointer, valueAt } from "./json-pointer.ts";
import { Misfit, type Scope, type Surroundings, scopeAt } from "./mapped-scope.ts";

/** Elements of one message; more are refused together: frames must not grow by a small message. */
export const ELEMENTS_MAX = 1_000;

/** A name that a key gave, and its text. */
export interface KeyText {
  readonly name: string;
  readonly text: string;
}

export interface FoundElement {
  readonly scopes: Surroundings["scopes"];
  readonly keys: readonly KeyText[];
  /** The reason why it holds no reading. */
  readonly fault: Misfit | null;
}

interface Step {
  readonly text: string;
  /** The place of the array; or of the object, if `keys` is the pattern of its members. */
  readonly pointer: Pointer;
  readonly keys: NamePattern | null;
}

export class Elements {
  readonly #steps: readonly Step[];
  readonly #columns: { readonly pointer: Pointer; readonly of: Columns["of"] } | null;

  constructor(each: readonly string[], columns: string | Columns | undefined) {
    this.#steps = each.map((text) => {
      const keys = keyPattern(text);
      const pointer = parsePointer(text);
      return { text, pointer: keys ? pointer.slice(0, -1) : pointer, keys };
    });
    const of = typeof columns === "string" ? { pointer: columns } : columns;
    this.#columns = of ? { pointer: parsePointer(of.pointer), of: of.of ?? "message" } : null;
  }

  /** The elements in the order in which they came; a misfit if the message holds none where they should be. */
  in(message: unknown): readonly FoundElement[] | Misfit {
    const [first] = this.#steps;
    const root: Scope = { value: message, index: -1 };
    if (!first) return [{ scopes: [root], keys: [], fault: null }];
    const found: FoundElement[] = [];
    const fault = this.#visit({ scopes: [root], keys: [], at: "" }, 0, found);
    if (fault) return fault;
    return found;
  }

  #visit(
    from: Pick<FoundElement, "scopes" | "keys"> & { readonly at: string },
    depth: number,
    found: FoundElement[],
  ): Misfit | null {
    const step = this.#steps[depth]!;
    const { scopes, keys } = from;
    const at = from.at + step.text;
    const value = valueAt(scopes[scopes.length - 1]!.value, step.pointer);
    const members = step.keys ? membersOf(value, step.keys) : elementsOf(value);
    if (members === null) {
      const fault = new Misfit(`${placeOf(at)} is not an array`);
      if (depth === 0) return fault;
      found.push({ scopes, keys, fault });
      return null;
    }
    if (depth === 0 && members.length === 0 && !step.keys)
      return new Misfit(`${placeOf(at)} is an empty array`);
    const isLast = depth === this.#steps.length - 1;
    if (isLast && found.length + members.length > ELEMENTS_MAX)
      return tooMany(at, found.length + members.length);
    for (const { scope, key, name } of members) {
      const inner = {
        scopes: [...scopes, scope] as Surroundings["scopes"],
        keys: key ? [...keys, key] : keys,
      };
      if (isLast) {
        found.push(this.#leaf(inner));
        continue;
      }
      const place = step.keys ? `${from.at}/${name}` : `${at}/${scope.index}`;
      const fault = this.#visit({ ...inner, at: place }, depth + 1, found);
      if (fault) return fault;
      if (found.length > ELEMENTS_MAX) return tooMany(at, found.length);
    }
    return null;
  }

  /** The element, as an object under the names of its columns if there are any. */
  #leaf({ scopes, keys }: Pick<FoundElement, "scopes" | "keys">): FoundElement {
    if (!this.#columns) return { scopes, keys, fault: null };
    const names = valueAt(scopeAt({ scopes }, this.#columns.of).value, this.#columns.pointer);
    const { value, index } = scopes[scopes.length - 1]!;
    const fault = rowFault(names, value);
    if (fault !== null) return { scopes, keys, fault: new Misfit(fault) };
    const row = Object.fromEntries(
      (names as string[]).map((name, at) => [name, (value as unknown[])[at]]),
    );
    const around = scopes.slice(0, -1) as unknown as Surroundings["scopes"];
    return { scopes: [...around, { value: row, index }], keys, fault: null };
  }
}

interface Member {
  readonly scope: Scope;
  readonly key: KeyText | null;
  /** The key of a member of an object. */
  readonly name: string;
}

const elementsOf = (value: unknown): Member[] | null =>
  Array.isArray(value)
    ? value.map((element: unknown, index) => ({
        scope: { value: element, index },
        key: null,
        name: "",
      }))
    : null;

/** Those whose keys fit; none of what is no object. */
function membersOf(value: unknown, pattern: NamePattern): Member[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([key, member]) => {
    const text = namedPart(pattern, key);
    if (text === null) return [];
    const scope = { value: member as unknown, index: -1 };
    return [{ scope, key: { name: pattern.name, text }, name: key }];
  });
}

function rowFault(names: unknown, row: unknown): string | null {
  if (!Array.isArray(names) || names.some((name) => typeof name !== "string"))
    return "/columns: no array of names is there";
  if (!Array.isArray(row)) return "the element is not an array, so its columns have no values";
  return row.length === names.length
    ? null
    : `the element has ${row.length} values for ${names.length} columns`;
}

const placeOf = (at: string): string => (at === "" ? "the payload" : at);

const tooMany = (at: string, count: number): Misfit =>
  new Misfit(`${placeOf(at)} holds ${count} readings, the limit is ${ELEMENTS_MAX}`, "too_large");
