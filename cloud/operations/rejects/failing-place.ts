// The place in a refused payload that is at fault (pure): a pointer, and where that is in the text.
import type { Reject } from "../../../contracts/messages/reject.ts";
import type { Catalog } from "../../../contracts/schema/catalog.ts";
import type { Contract } from "../../../contracts/schema/contract.ts";

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
    ? elements.map((at) => [`/${at}`, (value as unknown[])[at]])
    : [["", value]];
  const ranges = pointerRanges(text);
  return parts.flatMap(([prefix, part]) =>
    violations(known, part).map(({ pointer, message }) => ({
      pointer: prefix + pointer,
      message,
      range: ranges.get(prefix + pointer) ?? null,
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

/** Characters of every value in a text that is JSON, by its pointer. */
export function pointerRanges(text: string): ReadonlyMap<string, readonly [number, number]> {
  const ranges = new Map<string, readonly [number, number]>();
  let at = 0;
  const skip = (): void => {
    while (/[\s,:]/.test(text[at] ?? "")) at++;
  };
  const string = (): string => {
    const from = at++;
    while (text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
    at++;
    return JSON.parse(text.slice(from, at)) as string;
  };
  const value = (pointer: string): void => {
    skip();
    const from = at;
    if (text[at] === "{" || text[at] === "[") {
      const isObject = text[at++] === "{";
      for (let index = 0; ; index++) {
        skip();
        if (text[at] === "}" || text[at] === "]") break;
        const token = isObject ? escapePointer(string()) : String(index);
        value(`${pointer}/${token}`);
      }
      at++;
    } else if (text[at] === '"') string();
    else while (at < text.length && !/[\s,\]}]/.test(text[at]!)) at++;
    ranges.set(pointer, [from, at]);
  };
  value("");
  return ranges;
}
