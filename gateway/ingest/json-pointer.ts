// JSON Pointer (pure), RFC 6901: compiled once, then a walk without allocation.

export type Pointer = readonly string[];

/** The reference tokens of a pointer that is known to be well formed (RFC 6901, section 4). */
export const parsePointer = (text: string): Pointer =>
  text === ""
    ? []
    : text
        .slice(1)
        .split("/")
        .map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));

const INDEX = /^(?:0|[1-9]\d{0,9})$/;

/** The value a pointer names, or undefined: JSON has no undefined, so that always means "not there". */
export function valueAt(root: unknown, pointer: Pointer): unknown {
  let value = root;
  for (const token of pointer) {
    if (typeof value !== "object" || value === null) return undefined;
    if (Array.isArray(value)) {
      if (!INDEX.test(token)) return undefined; // "-" names what is after the last element
      value = value[Number(token)];
    } else if (Object.hasOwn(value, token)) {
      value = (value as Record<string, unknown>)[token];
    } else return undefined;
  }
  return value;
}
