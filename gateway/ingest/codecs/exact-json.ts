// JSON whose whole numbers are what the text says (pure). A number of JavaScript holds whole numbers up to
// 2^53 − 1 exactly; `JSON.parse` rounds what is larger, without a word.
//
// N1. A whole number that a double would give back as another one, written without fraction and exponent,
//     becomes a BigInt: no contract takes that for a number, so it is refused where it is used, and harms
//     nobody where it is not.
// N2. Everything else is as `JSON.parse` has it.

/** Only a number with so many digits can be larger than 2^53 − 1 and written in full. */
const LONG_NUMBER = /\d{16}/;
const WHOLE = /^-?\d+$/;

interface Source {
  readonly source?: string;
}

/** @throws SyntaxError as `JSON.parse`; RangeError for values that are nested some thousand levels deep. */
export function parseExactly(text: string): unknown {
  if (!LONG_NUMBER.test(text)) return JSON.parse(text) as unknown;
  return JSON.parse(text, exactly as (key: string, value: unknown) => unknown) as unknown;
}

function exactly(_: string, value: unknown, { source }: Source): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  if (source === undefined || !WHOLE.test(source)) return value;
  return exactInteger(source);
}

/** The whole number that a text stands for: a number if that gives it back, else a BigInt. */
function exactInteger(digits: string): number | bigint {
  const rounded = Number(digits);
  if (!Number.isFinite(rounded)) return rounded; // No contract takes that for a number either.
  const exact = BigInt(digits);
  return BigInt(rounded) === exact || shortest(rounded) === exact ? rounded : exact;
}

/** The text of a large number: the fewest digits that no other double is nearer to. */
function shortest(value: number): bigint {
  const [mantissa = "", exponent = ""] = value.toExponential().split("e");
  const [whole = "", fraction = ""] = mantissa.split(".");
  return BigInt(whole + fraction) * 10n ** BigInt(Number(exponent) - fraction.length);
}

/** Text that JSON takes as it is (ECMAScript, JSON.rawJSON), which the types do not know yet. */
const { rawJSON } = JSON as unknown as { rawJSON: (text: string) => unknown };

/**
 * JSON of a value that {@link parseExactly} gives back: whole numbers in full, and a number beyond a double as one that
 * no reading may have.
 * @throws RangeError for values that are nested some thousand levels deep.
 */
export const exactText = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner === "bigint") return rawJSON(String(inner));
    if (typeof inner !== "number" || Number.isFinite(inner)) return inner;
    return Number.isNaN(inner) ? inner : rawJSON(inner > 0 ? "1e400" : "-1e400");
  });
