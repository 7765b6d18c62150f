// JSON Pointer (pure), RFC 6901, with `[key=text]` for an element of an array: compiled once, then a walk without allocation.

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
      // "-" names what is after the last element
      value = INDEX.test(token) ? value[Number(token)] : selected(value, token);
    } else if (Object.hasOwn(value, token)) {
      value = (value as Record<string, unknown>)[token];
    } else return undefined;
  }
  return value;
}

/** Elements of an array among which one is looked for. */
export const SELECTED_MAX = 1_000;

/** The first element whose member is what `[key=text]` says; undefined for any other token. */
function selected(elements: readonly unknown[], token: string): unknown {
  const equals = token.indexOf("=");
  if (!token.startsWith("[") || !token.endsWith("]") || equals === -1) return undefined;
  const key = token.slice(1, equals);
  const wanted = token.slice(equals + 1, -1);
  const until = Math.min(elements.length, SELECTED_MAX);
  for (let at = 0; at < until; at++) {
    const element = elements[at];
    if (typeof element !== "object" || element === null || !Object.hasOwn(element, key)) continue;
    const member = (element as Record<string, unknown>)[key];
    const isScalar =
      typeof member === "string" || typeof member === "number" || typeof member === "boolean";
    if (isScalar && String(member) === wanted) return element;
  }
  return undefined;
}

/** One pointer or several: the first that has something counts. */
export const parsePointers = (text: string | readonly string[]): readonly Pointer[] =>
  typeof text === "string" ? [parsePointer(text)] : text.map(parsePointer);

export const shownPointers = (text: string | readonly string[]): string =>
  typeof text === "string" ? text : text.join('" or "');

/** The token that stands for the place of an element in its array. */
const INDEX_TOKEN = "{index}";

/** The value of the first pointer that names something but null, `{index}` in it being `index`. */
export function firstAt(root: unknown, pointers: readonly Pointer[], index: number): unknown {
  let found: unknown;
  for (const pointer of pointers) {
    const value = valueAt(
      root,
      pointer.includes(INDEX_TOKEN)
        ? pointer.map((token) => (token === INDEX_TOKEN ? String(index) : token))
        : pointer,
    );
    if (value !== undefined && value !== null) return value;
    if (value === null) found = null;
  }
  return found;
}
