// Decoded values as JSON has them (pure): what a binary encoding can say beyond that is refused, and where it is.
import { Undecodable } from "./codec.ts";

class NotPlain extends Error {}

/** Deeper values are nobody's reading. */
export const DEPTH_MAX = 64;

/**
 * The value with numbers for whole numbers that a number holds and BigInts for others; or why no JSON says it: bytes,
 * dates, numbers that are none, keys that are no text, ill-formed text. Each element of an array is one by itself.
 */
export const plainValue = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map((element, n) => plainOrFault(element, `/${n}`, 1))
    : plainOrFault(value, "", 0);

function plainOrFault(value: unknown, at: string, depth: number): unknown {
  try {
    return plain(value, at, depth);
  } catch (error) {
    if (error instanceof NotPlain) return new Undecodable(error.message);
    throw error;
  }
}

function plain(value: unknown, at: string, depth: number): unknown {
  switch (typeof value) {
    case "boolean":
      return value;
    case "string":
      if (!value.isWellFormed()) throw fault(at, "text that is no Unicode");
      return value;
    case "number":
      if (!Number.isFinite(value)) throw fault(at, `${value}, which is no number of JSON`);
      return value;
    case "bigint":
      return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER
        ? Number(value)
        : value;
    case "object":
      if (value === null) return null;
      if (depth >= DEPTH_MAX) throw fault("", `over ${DEPTH_MAX} levels`);
      if (Array.isArray(value)) return value.map((one, n) => plain(one, `${at}/${n}`, depth + 1));
      if (isPlain(value)) return plainObject(Object.entries(value), at, depth);
      if (value instanceof Map) return plainObject([...value], at, depth);
      throw fault(at, value instanceof Uint8Array ? "bytes" : "a value of another kind");
    case "undefined":
    case "function":
    case "symbol":
      throw fault(at, "a value of another kind");
  }
}

function plainObject(entries: [unknown, unknown][], at: string, depth: number): object {
  const members = entries.map(([name, inner]): [string, unknown] => {
    if (typeof name !== "string" || !name.isWellFormed()) throw fault(at, "a key that is no text");
    return [name, plain(inner, `${at}/${name}`, depth + 1)];
  });
  return Object.fromEntries(members);
}

const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};

const AT_CHARS_MAX = 100;
const fault = (at: string, what: string): NotPlain => {
  const place = at === "" ? "the payload" : at.slice(0, AT_CHARS_MAX).toWellFormed();
  return new NotPlain(`${place} holds ${what}; readings hold what JSON holds`);
};

/** A number as JSON spells it, true, false, or the text itself: the value of a cell or of a form. */
export function valueOfText(text: string): unknown {
  if (/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?$/.test(text)) {
    const value = Number(text);
    const isWhole = /^-?\d+$/.test(text);
    if (isWhole && !Number.isSafeInteger(value)) return BigInt(text);
    return Number.isFinite(value) ? value : text;
  }
  return text === "true" ? true : text === "false" ? false : text;
}
