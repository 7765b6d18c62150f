// A value that a device sent, as a refusal quotes it (pure): JSON has no BigInt, and the deepest values
// cannot be written, so that neither is left to `JSON.stringify`.

const SHOWN_CHARS_MAX = 40;

/** Text in quotes, numbers as they are, the kind of anything else; never longer than a line. */
export function shownValue(value: unknown): string {
  if (typeof value === "string") return shownText(value);
  if (typeof value === "bigint") return clipped(String(value));
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object" && value !== null) return "an object";
  return value === undefined ? "nothing" : JSON.stringify(value);
}

export const shownText = (text: string): string => JSON.stringify(clipped(text));

/** Half of a pair may remain where the text is cut: it becomes U+FFFD. */
const clipped = (text: string): string =>
  text.length <= SHOWN_CHARS_MAX ? text : `${text.slice(0, SHOWN_CHARS_MAX).toWellFormed()}…`;
