// The readings of a body, each as the bytes that it came as (pure).
//
// E1. Bytes are cut, not read: an element that is no JSON, or whose bytes are no text, is refused by itself, and those
//     beside it are as good as before.
// E2. What cannot be cut any more, because an array never ends, is one last element: nothing of a body is passed over.
// E3. One look at each byte, whatever it says: neither depth nor size makes it more.
// E4. No more than one element over max is cut: a body of millions is known to hold too many before it takes room.

const [QUOTE, COMMA, BACKSLASH] = [0x22, 0x2c, 0x5c];
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];
const [LINE_FEED, CARRIAGE_RETURN, TAB, SPACE] = [0x0a, 0x0d, 0x09, 0x20];

const isSpace = (byte: number | undefined): boolean =>
  byte === SPACE || byte === LINE_FEED || byte === CARRIAGE_RETURN || byte === TAB;

/** The part without white space around it. */
function trimmed(body: Buffer, from: number, to: number): Buffer {
  while (from < to && isSpace(body[from])) from += 1;
  while (to > from && isSpace(body[to - 1])) to -= 1;
  return body.subarray(from, to);
}

/** A byte order mark, which some programs put before JSON. */
const withoutMark = (body: Buffer): Buffer =>
  body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? body.subarray(3) : body;

/** The elements of an array, or the one value that the body is; none of an empty body. */
export function jsonElements(body: Buffer, max: number): Buffer[] {
  const whole = trimmed(withoutMark(body), 0, withoutMark(body).length);
  if (whole.length === 0) return [];
  return whole[0] === OPEN_ARRAY ? arrayElements(whole, max) : [whole];
}

function arrayElements(body: Buffer, max: number): Buffer[] {
  const elements: Buffer[] = [];
  let depth = 0;
  let from = 1;
  for (let at = 0; at < body.length; at++) {
    const byte = body[at]!;
    if (byte === QUOTE) {
      at = endOfString(body, at);
    } else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) depth += 1;
    else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) {
      depth -= 1;
      if (depth > 0) continue;
      const last = trimmed(body, from, at);
      if (last.length > 0 || elements.length > 0) elements.push(last);
      const behind = trimmed(body, at + 1, body.length);
      return behind.length === 0 ? elements : [...elements, behind]; // E2
    } else if (byte === COMMA && depth === 1) {
      elements.push(trimmed(body, from, at));
      if (elements.length > max) return elements; // E4
      from = at + 1;
    }
  }
  return [...elements, trimmed(body, from, body.length)]; // E2
}

/** The place of the quotation mark that ends a string, or of the last byte. */
function endOfString(body: Buffer, from: number): number {
  for (let at = from + 1; at < body.length; at++) {
    const byte = body[at]!;
    if (byte === BACKSLASH) at += 1;
    else if (byte === QUOTE) return at;
  }
  return body.length - 1;
}

/** The lines of a body that are not empty: newline-delimited JSON, or any text of one reading a line. */
export function lineElements(body: Buffer, max: number): Buffer[] {
  const whole = withoutMark(body);
  const elements: Buffer[] = [];
  for (let from = 0; from < whole.length && elements.length <= max;) {
    const end = whole.indexOf(LINE_FEED, from);
    const to = end === -1 ? whole.length : end;
    const line = trimmed(whole, from, to);
    if (line.length > 0) elements.push(line);
    from = to + 1;
  }
  return elements;
}
