// Text on the wire, in place: which bytes are a UTF-8 string that MQTT lets through (pure).
import { isUtf8 } from "node:buffer";

/**
 * True when `bytes[from, to)` is well-formed UTF-8 [MQTT-1.5.4-1] without U+0000 [MQTT-1.5.4-2], control
 * characters or non-characters. The last two a server may refuse (MQTT 5, 1.5.4; MQTT 3.1.1, 1.5.3): we
 * do, because such a name can neither be shown nor typed, and no store keeps it unchanged.
 */
export function isText(bytes: Buffer, from: number, to: number): boolean {
  let isAscii = true;
  for (let at = from; at < to; at++) {
    const byte = bytes[at]!;
    if (byte >= 0x80) isAscii = false;
    else if (byte < 0x20 || byte === 0x7f) return false;
  }
  return isAscii || isWideText(bytes, from, to);
}

function isWideText(bytes: Buffer, from: number, to: number): boolean {
  if (!isUtf8(bytes.subarray(from, to))) return false;
  for (let at = from; at < to; at++) {
    const lead = bytes[at]!;
    if (lead === 0xc2 && bytes[at + 1]! < 0xa0) return false; // U+0080 to U+009F
    if (lead === 0xef && isNonCharacter(bytes[at + 1]!, bytes[at + 2]!)) return false;
    // The last two code points of each plane from 1 to 16: U+1FFFE, U+1FFFF, U+2FFFE …
    if (
      lead >= 0xf0 &&
      (bytes[at + 1]! & 0x0f) === 0x0f &&
      bytes[at + 2] === 0xbf &&
      bytes[at + 3]! >= 0xbe
    )
      return false;
  }
  return true;
}

/** U+FFFE, U+FFFF and U+FDD0 to U+FDEF, by the second and third byte behind 0xEF. */
const isNonCharacter = (second: number, third: number): boolean =>
  (second === 0xbf && third >= 0xbe) || (second === 0xb7 && third >= 0x90 && third <= 0xaf);
