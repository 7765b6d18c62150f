// Text of others where people read it: terminals, mails, logs (pure). A control character moves the cursor,
// a line separator begins a line that nobody wrote, a mark of direction shows text in an order that it has not.
//
// E1. What is left is one line of visible characters. It is escaped as JSON escapes, so that a line of JSON
//     stays one that says the same.

/** Control characters of ASCII and of Latin-1, separators of lines, halves of surrogate pairs, and marks that nobody sees but those that join letters. */
const UNSEEN = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]|(?![\u200c\u200d])\p{Cf}/gu;

const SHORT: Readonly<Record<string, string>> = { "\t": "\\t", "\n": "\\n", "\r": "\\r" };

/** The text on one line, with what nobody sees spelled out (E1). */
export const printable = (text: string): string =>
  text.replace(UNSEEN, (char) => SHORT[char] ?? char.replace(/[^]/g, escaped));

const escaped = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** The same of several lines; those after the first are indented, so that none looks like one of ours. */
export const printableLines = (text: string): string =>
  text
    .split(/\r?\n/)
    .map((line, at) => (at > 0 && !line.startsWith(" ") ? `  ${printable(line)}` : printable(line)))
    .join("\n");
