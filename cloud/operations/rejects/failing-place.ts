// The place in a refused payload that is at fault (pure): a pointer, and where that is in the text.
import type { Reject } from "../../../contracts/messages/reject.ts";
import type { Catalog } from "../../../contracts/schema/catalog.ts";
import type { Contract } from "../../../contracts/schema/contract.ts";

/** Elements of an array whose faults are shown. */
const PLACES_MAX = 50;

export interface FailingPlace {
  /** JSON Pointer (RFC 6901) into the payload; empty for the whole of it. */
  readonly pointer: string;
  readonly message: string;
  /** Characters of the text, from and up to; null where the text has no such place. */
  readonly range: readonly [from: number, until: number] | null;
}

/** The first place of each part that breaks the contract, or the character at which the text stops being JSON; none where neither is known. */
export function failingPlaces(
  { reason, contract, version, elements, mapping }: Reject,
  text: string,
  catalog: Catalog,
): FailingPlace[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return [syntaxPlace(text, (error as Error).message)];
  }
  // What a mapping made of the payload is not what the contract was asked about.
  if (contract === null || mapping !== undefined || reason !== "contract_violation") return [];
  const known = version === null ? catalog.versions(contract)[0] : catalog.get(contract, version);
  if (!known) return [];
  const parts: [string, unknown][] = elements
    ? elements.slice(0, PLACES_MAX).map((at) => [`/${at}`, (value as unknown[])[at]])
    : [["", value]];
  return parts.flatMap(([prefix, part]) =>
    violations(known, part).map(({ pointer, message }) => ({
      pointer: prefix + pointer,
      message,
      range: pointerRange(text, prefix + pointer),
    })),
  );
}

function violations(
  { validate }: Contract,
  value: unknown,
): { pointer: string; message: string }[] {
  if (validate(value)) return [];
  return (validate.errors ?? []).map(({ instancePath, message = "is not valid", params }) => {
    const extra = (params as { additionalProperty?: string }).additionalProperty;
    return extra === undefined
      ? { pointer: instancePath, message }
      : { pointer: `${instancePath}/${escapePointer(extra)}`, message: "is not known" };
  });
}

const escapePointer = (token: string): string => token.replaceAll("~", "~0").replaceAll("/", "~1");

/** JavaScript names the position of what it did not expect; at the end of the text it names none. */
function syntaxPlace(text: string, message: string): FailingPlace {
  const at = Number(/position (\d+)/.exec(message)?.[1] ?? text.length);
  return { pointer: "", message, range: [at, Math.min(at + 1, text.length)] };
}

const plainToken = (token: string): string => token.replaceAll("~1", "/").replaceAll("~0", "~");

/**
 * Characters of the value that a pointer names in a text that is JSON; null where there is none. Only the way to it is
 * looked at: a payload can have so many values of such long names that a list of them all would fill the memory.
 */
export function pointerRange(text: string, pointer: string): readonly [number, number] | null {
  let at = afterSpace(text, 0);
  for (const token of pointer.split("/").slice(1).map(plainToken)) {
    const place = memberPlace(text, at, token);
    if (place === null) return null;
    at = place;
  }
  return [at, endOfValue(text, at)];
}

const SPACE = " \t\r\n,:";

function afterSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && SPACE.includes(text[at]!)) at++;
  return at;
}

/** The beginning of what a key or an index of the object or array at `from` holds; of a key that is there twice, the last. */
function memberPlace(text: string, from: number, token: string): number | null {
  const opening = text[from];
  if (opening !== "{" && opening !== "[") return null;
  let found: number | null = null;
  let at = afterSpace(text, from + 1);
  for (let index = 0; text[at] !== "}" && text[at] !== "]"; index++) {
    let key = String(index);
    if (opening === "{") {
      const end = endOfString(text, at);
      key = JSON.parse(text.slice(at, end)) as string;
      at = afterSpace(text, end);
    }
    if (key === token) found = at;
    at = afterSpace(text, endOfValue(text, at));
  }
  return found;
}

function endOfString(text: string, from: number): number {
  let at = from + 1;
  while (text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at + 1;
}

function endOfValue(text: string, from: number): number {
  let at = from;
  let depth = 0;
  do {
    const char = text[at]!;
    if (char === '"') at = endOfString(text, at);
    else if (depth === 0 && !"{[".includes(char)) return endOfWord(text, at);
    else {
      if ("{[".includes(char)) depth += 1;
      else if ("}]".includes(char)) depth -= 1;
      at += 1;
    }
  } while (depth > 0);
  return at;
}

/** The end of a number, true, false or null. */
function endOfWord(text: string, from: number): number {
  let at = from;
  while (at < text.length && !/[\s,\]}]/.test(text[at]!)) at++;
  return at;
}
