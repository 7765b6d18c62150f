// What text may be that stands for something: ids, keys, tag values, names (pure). Everything that
// takes such text in asks here: MQTT, mappings, the command line, contracts.
//
// T1. Such text is well-formed Unicode without control characters, and bounded in bytes of UTF-8, so
//     that any of it fits, escaped, into an MQTT topic, a NATS subject and a series of InfluxDB.
// T2. A problem is a phrase that follows the name of the text: `has 300 bytes of UTF-8, …`.

/**
 * Longest partition key or tag value. Escaped it is three times as long; nats-server ends the connection
 * of whoever sends a subject of over 4 KiB, and a series of InfluxDB has at most 64 KiB.
 */
export const KEY_BYTES_MAX = 256;

const CONTROL = /[\p{Cc}\u2028\u2029]/u;

/** The fault of text, or null; it may be empty. */
export function textProblem(text: string, bytesMax: number): string | null {
  if (text.length <= bytesMax && isPlain(text)) return null;
  if (!text.isWellFormed()) return ILL_FORMED;
  const bytes = Buffer.byteLength(text);
  if (bytes > bytesMax) return `has ${bytes} bytes of UTF-8, the limit is ${bytesMax}`;
  const control = CONTROL.exec(text)?.[0];
  return control === undefined ? null : `holds the control character ${codePoint(control)}`;
}

/** True for printable ASCII, which is nearly all text. A loop, because an expression costs each reading three times as much. */
function isPlain(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x20 || unit > 0x7e) return false;
  }
  return true;
}

/** The fault of text that names something, or null. */
export const nameProblem = (text: string, bytesMax: number): string | null =>
  text === "" ? "is empty" : textProblem(text, bytesMax);

const ILL_FORMED = "is no Unicode text: it holds half of a surrogate pair";

const codePoint = (char: string): string =>
  `U+${char.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`;

/**
 * Where a JSON value holds text, or a property's name, that is no Unicode text: a JSON pointer, and what
 * is wrong there; null if it holds none. Loops, because hostile values are deep.
 */
export function illFormedText(value: unknown): string | null {
  const open: { at: string; value: unknown }[] = [{ at: "", value }];
  for (let next = open.pop(); next; next = open.pop()) {
    const { at } = next;
    if (typeof next.value === "string") {
      if (!next.value.isWellFormed()) return `${at === "" ? "the payload" : at} ${ILL_FORMED}`;
    } else if (typeof next.value === "object" && next.value !== null)
      for (const [name, inner] of Object.entries(next.value)) {
        if (!name.isWellFormed())
          return `a property's name in ${at === "" ? "the payload" : at} ${ILL_FORMED}`;
        if (typeof inner === "string" || typeof inner === "object")
          open.push({ at: at.length < POINTER_CHARS_MAX ? `${at}/${name}` : at, value: inner });
      }
  }
  return null;
}

/** The bound on a pointer that people read; deeper places are told by their beginning. */
const POINTER_CHARS_MAX = 100;
