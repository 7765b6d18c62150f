// What a contract says of a property, in a few words (pure).
import { unitWithCode } from "../kit/units.js";

export const typeText = ({ type, enum: values, const: only }) =>
  only !== undefined
    ? `always ${JSON.stringify(only)}`
    : values !== undefined
      ? "one of a list"
      : [type ?? "anything"].flat().join(" or ");

export function limitsText({
  minimum,
  maximum,
  exclusiveMinimum,
  exclusiveMaximum,
  minLength,
  maxLength,
  enum: values,
  "x-unit": unit,
}) {
  const parts = [];
  if (values !== undefined) parts.push(values.map((value) => JSON.stringify(value)).join(", "));
  if (minimum !== undefined || maximum !== undefined)
    parts.push(`${minimum ?? "…"} to ${maximum ?? "…"}`);
  if (exclusiveMinimum !== undefined) parts.push(`more than ${exclusiveMinimum}`);
  if (exclusiveMaximum !== undefined) parts.push(`less than ${exclusiveMaximum}`);
  if (minLength !== undefined || maxLength !== undefined)
    parts.push(`${minLength ?? 0} to ${maxLength ?? "…"} characters`);
  if (unit !== undefined && unit !== "1") parts.push(unitWithCode(unit));
  return parts.join(", ");
}

/** A schema as the next version starts from it: without what names its own version. */
export function nextSchema(schema) {
  const { $id, ...rest } = structuredClone(schema);
  void $id;
  return rest;
}
