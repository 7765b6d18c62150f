// The variables of expressions, and those that a contract gives them (pure).
import type { Contract, Field } from "../schema/contract.ts";

export type ValueType = "double" | "string" | "bool";
/** Variables by name; a nested record is a variable with members (`room.co2`). */
export type Variables = Readonly<Record<string, ValueType | Readonly<Record<string, ValueType>>>>;

const TYPE_OF: Readonly<Record<Field["type"], ValueType>> = {
  number: "double",
  integer: "double",
  boolean: "bool",
  string: "string",
};

/**
 * Fields and tags of all versions of a contract, and `device`. A name that is something else in another
 * version is left out: no condition over it would be right for both.
 */
export function variablesOf(versions: readonly Contract[]): Record<string, ValueType> {
  const variables = new Map<string, ValueType | "ambiguous">([["device", "string"]]);
  const declare = (name: string, type: ValueType): void => {
    const known = variables.get(name);
    variables.set(name, known === undefined || known === type ? type : "ambiguous");
  };
  for (const { fields, tags } of versions) {
    for (const { name, type } of fields) declare(name, TYPE_OF[type]);
    for (const tag of tags) declare(tag, "string");
  }
  const clear = [...variables].filter((entry): entry is [string, ValueType] => {
    return entry[1] !== "ambiguous";
  });
  return Object.fromEntries(clear);
}
