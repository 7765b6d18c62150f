// Text in a message that is JSON itself (pure): it is read, and stands in the text's place.
import { parseExactly } from "./codecs/exact-json.ts";
import { type Pointer, parsePointer, valueAt } from "./json-pointer.ts";
import { Misfit } from "./mapped-scope.ts";

export interface Unpacked {
  readonly message: unknown;
  /** The first text that is no JSON, and stays as it is. */
  readonly fault: Misfit | null;
}

export class Unpacking {
  readonly #places: readonly { readonly text: string; readonly pointer: Pointer }[];

  constructor(pointers: readonly string[]) {
    this.#places = pointers.map((text) => ({ text, pointer: parsePointer(text) }));
  }

  /** One after the other: a later pointer may lead into what an earlier one has read. */
  of(sent: unknown): Unpacked {
    let message = sent;
    let fault: Misfit | null = null;
    for (const { text, pointer } of this.#places) {
      const packed = valueAt(message, pointer);
      if (typeof packed !== "string") continue;
      try {
        message = replaced(message, pointer, parseExactly(packed));
      } catch {
        fault ??= new Misfit(`the text at "${text}" is not JSON`);
      }
    }
    return { message, fault };
  }
}

/** A copy of the way to a place, with another value there. */
function replaced(root: unknown, [token, ...rest]: Pointer, value: unknown): unknown {
  if (token === undefined) return value;
  const inner = valueAt(root, [token]);
  const member = replaced(inner, rest, value);
  if (Array.isArray(root)) {
    const at = root.indexOf(inner);
    return root.map((one: unknown, place) => (place === at ? member : one));
  }
  // A member may be called __proto__, which an assignment would not make.
  return Object.fromEntries([...Object.entries(root as object), [token, member]]);
}
