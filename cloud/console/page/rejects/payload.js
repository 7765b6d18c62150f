// A payload as it was sent, with the places that are at fault marked.
import { html } from "/lib/htm.js";
import { Code } from "../kit/code.js";
import { hexLines } from "./hex.js";

export function Payload({ text, base64, places }) {
  if (text === null) {
    const lines = hexLines(base64).join("\n");
    return html`<${Code} text=${lines} label="Raw bytes" />`;
  }
  // What the whole payload lacks has no place in it.
  const ranges = places.flatMap(({ pointer, range }) =>
    range === null || (pointer === "" && range[1] - range[0] > 1) ? [] : [range],
  );
  return html`<${Code} text=${text} label="The payload as it was sent" wrap
    >${marked(text, ranges)}<//
  >`;
}

/** The text in pieces, those in a range marked; a range without length marks the character there. */
function marked(text, ranges) {
  const pieces = [];
  let at = 0;
  for (const [from, until] of ranges.toSorted(([a], [b]) => a - b)) {
    if (from < at) continue; // It overlaps what is marked already.
    const end = Math.max(until, from + 1);
    pieces.push(
      text.slice(at, from),
      html`<mark key=${from}>${text.slice(from, end) || " "}</mark>`,
    );
    at = end;
  }
  return [...pieces, text.slice(at)];
}
