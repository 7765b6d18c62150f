// Numbers that would not be kept as they were sent (pure).
//
// X1. A sequence, an integer field and a number as a tag, or inside of one, are whole numbers up to 2^53 − 1
//     either way: beyond it neighbours become one number on their way through JSON, and the store would refuse
//     or change them.
// X2. A field of type number is a double. A whole number that no double gives back is refused: what is
//     stored would be another one. Fractions and numbers with an exponent are rounded to the nearest, as doubles are.
// X3. A number beyond a double is no number to anybody who reads the log, wherever it is.
import type { Contract } from "../../contracts/schema/contract.ts";
import { type SentPayload, exactlySent } from "./sent-payload.ts";
import { shownValue } from "./shown-value.ts";

type Payload = Readonly<Record<string, unknown>>;

/** A value of one property that is not taken as it is. */
export interface ContentFault {
  readonly field: string;
  readonly detail: string;
}

const EXACT_RIGHT = "send it as text, or with an exponent if it was measured";
const RIGHT = `up to ${Number.MAX_SAFE_INTEGER} (2^53 - 1) either way; send larger ones as text`;

/**
 * The first number of a payload that would not be kept, or null.
 * @param payload what is left of the one that was sent, with numbers for all numbers.
 */
export function inexactNumber(
  contract: Contract,
  payload: Payload,
  sent: SentPayload,
): ContentFault | null {
  for (const { name, kind } of contract.content) {
    const value = payload[name];
    let detail: string | null = null;
    if (typeof value === "number") {
      const isSafe = value <= Number.MAX_SAFE_INTEGER && value >= -Number.MAX_SAFE_INTEGER;
      if (isSafe && (kind !== "sequence" || Number.isInteger(value))) continue;
      detail = numberFault(value, kind, exactly(name, payload, sent));
    } else if (kind === "tag" && typeof value === "object" && value !== null)
      detail = inexactInside(exactly(name, payload, sent));
    if (detail !== null) return { field: name, detail: `/${name}${detail}` };
  }
  return null;
}

/** A property as it was sent, unless it is another one now; undefined if that is too deep to be known. */
const exactly = (name: string, payload: Payload, sent: SentPayload): unknown =>
  payload[name] === sent.payload[name] ? exactlySent(sent)?.[name] : payload[name];

function numberFault(
  value: number,
  kind: Contract["content"][number]["kind"],
  exact: unknown,
): string | null {
  if (kind === "sequence")
    return ` is ${shownValue(exact ?? value)}: a sequence is a whole number ${RIGHT}`;
  if (kind !== "number") return ` is ${shownValue(exact ?? value)}: whole numbers go ${RIGHT}`;
  if (exact === undefined) return ` is ${value}, and the payload too deep to be read exactly`;
  return typeof exact === "bigint"
    ? ` is ${shownValue(exact)}, which no number is: the nearest is ${BigInt(value)}; ${EXACT_RIGHT}`
    : null;
}

function inexactInside(tag: unknown): string | null {
  if (tag === undefined) return " is too deep to be read exactly";
  const found = firstNumber(
    tag,
    (value) => typeof value === "bigint" || !(Math.abs(value) <= Number.MAX_SAFE_INTEGER),
  );
  return found && `${found.at} is ${shownValue(found.value)}: numbers in a tag go ${RIGHT}`;
}

/** Only text with such an exponent, or so long, can hold a number beyond a double. */
const SUSPICIOUS = /[eE]\+?0*\d{3}/;
const LONG = /\d{309}/;
const LONG_CHARS = 309;

/** X3, for JSON as it was sent; null for nearly all of it after a look at the text. */
export function beyondDouble(payload: Payload, text: string): string | null {
  const isLong = text.length >= LONG_CHARS && LONG.test(text);
  return isLong || SUSPICIOUS.test(text) ? unwritableNumber(payload) : null;
}

/** The number that keeps a payload from being written as JSON that gives it back, or null. */
export function unwritableNumber(payload: Payload): string | null {
  const found = firstNumber(payload, (value) =>
    typeof value === "bigint" ? true : !Number.isFinite(value),
  );
  if (!found) return null;
  return typeof found.value === "bigint"
    ? `${found.at} is ${shownValue(found.value)}: whole numbers go ${RIGHT}`
    : `${found.at} is a number beyond ${Number.MAX_VALUE}, which nothing can hold; send it as text`;
}

/** The first number inside of a value that a test finds, and its JSON pointer. A loop, because hostile values are deep. */
function firstNumber(
  root: unknown,
  test: (value: number | bigint) => boolean,
): { at: string; value: number | bigint } | null {
  const open: { at: string; value: unknown }[] = [{ at: "", value: root }];
  for (let next = open.pop(); next; next = open.pop()) {
    const { at, value } = next;
    if (typeof value === "number" || typeof value === "bigint") {
      if (test(value)) return { at, value };
    } else if (typeof value === "object" && value !== null)
      for (const [name, inner] of Object.entries(value))
        open.push({ at: at.length < POINTER_CHARS_MAX ? `${at}/${name}` : at, value: inner });
  }
  return null;
}

const POINTER_CHARS_MAX = 100;
