// Numbers that would not be kept as they were sent (pure).
//
// X1. A sequence, an integer field and a number as a tag are whole numbers up to 2^53 − 1 either way: beyond
//     it neighbours become one number on their way through JSON, and the store would refuse or change them.
// X2. A field of type number is a double. A whole number that no double gives back is refused: what is
//     stored would be another one. Fractions and numbers with an exponent are rounded to the nearest, as doubles are.
import type { Contract } from "../../contracts/schema/contract.ts";
import { parseExactly } from "./codecs/exact-json.ts";

type Payload = Readonly<Record<string, unknown>>;

const EXACT_RIGHT = "send it as text, or with an exponent if it was measured";
const RIGHT = `up to ${Number.MAX_SAFE_INTEGER} (2^53 - 1) either way; send larger ones as text`;

/**
 * What is wrong with a number of a payload, naming its property; null if nothing is.
 * @param text the payload as it was sent, for one that was JSON.
 */
export function inexactNumber(contract: Contract, payload: Payload, text: string): string | null {
  for (const { name, kind } of contract.content) {
    const value = payload[name];
    if (typeof value === "bigint") return `/${name} is ${shown(value)}: whole numbers go ${RIGHT}`;
    if (typeof value !== "number") continue;
    if (kind === "sequence" && !Number.isSafeInteger(value))
      return `/${name} is ${value}: a sequence is a whole number ${RIGHT}`;
    if (value <= Number.MAX_SAFE_INTEGER && value >= -Number.MAX_SAFE_INTEGER) continue;
    if (kind !== "number") return `/${name} is ${value}: whole numbers go ${RIGHT}`;
    const exact = (parseExactly(text) as Payload)[name];
    if (typeof exact === "bigint")
      return `/${name} is ${shown(exact)}, which no number is: the nearest is ${BigInt(value)}; ${EXACT_RIGHT}`;
  }
  return null;
}

const SHOWN_DIGITS_MAX = 40;

function shown(value: bigint): string {
  const digits = String(value);
  return digits.length <= SHOWN_DIGITS_MAX ? digits : `${digits.slice(0, SHOWN_DIGITS_MAX)}…`;
}

/** As `inexactNumber`, for a payload that a contract refused: a BigInt is no number to it. */
export function unheldNumber(payload: Payload): string | null {
  for (const name in payload) {
    const value = payload[name];
    if (typeof value === "bigint") return `/${name} is ${shown(value)}: whole numbers go ${RIGHT}`;
  }
  return null;
}
