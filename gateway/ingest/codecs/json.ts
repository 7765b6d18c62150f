// JSON (pure): the default encoding, and the one that goes into the log as it came.
import { isUtf8 } from "node:buffer";
import { type Codec, Undecodable } from "./codec.ts";
import { parseExactly } from "./exact-json.ts";

export const JSON_CONTENT_TYPE = "application/json";

const TOO_DEEP = new Undecodable("the payload is nested too deeply to be read exactly");
const NOT_JSON = new Undecodable("the payload is not JSON", "not_json");

/** The character that decoding puts in the place of bytes that are no UTF-8. */
const REPLACEMENT = "\ufffd";
const REPLACEMENT_BYTES = Buffer.from(REPLACEMENT);

/** The text of a payload, unless its bytes are none: decoding those would alter them silently. */
export function jsonText(payload: Buffer): string | Undecodable {
  const text = payload.toString("utf8");
  return text.includes(REPLACEMENT) && !isUtf8(payload) ? illFormed(payload, text) : text;
}

/** JSON is UTF-8 (RFC 8259, 8.1), and so is what mappings take as text. */
function illFormed(payload: Buffer, text: string): Undecodable {
  const at = firstIllFormed(payload, text);
  const byte = payload[at]!.toString(16).padStart(2, "0");
  return new Undecodable(`the payload is not UTF-8: byte 0x${byte} at offset ${at}`, "not_json");
}

/** The offset of the first byte that decoding replaced; U+FFFD itself may have been sent before it. */
function firstIllFormed(payload: Buffer, text: string): number {
  let [at, from] = [0, 0];
  for (;;) {
    const next = text.indexOf(REPLACEMENT, from);
    at += Buffer.byteLength(text.slice(from, next));
    if (!payload.subarray(at, at + REPLACEMENT_BYTES.length).equals(REPLACEMENT_BYTES)) return at;
    at += REPLACEMENT_BYTES.length;
    from = next + 1;
  }
}

/** Undefined for text that is no JSON: JSON itself has no undefined. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

export const JSON_CODEC: Codec = {
  decode: (payload) => {
    const text = jsonText(payload);
    if (typeof text !== "string") return text;
    try {
      return parseExactly(text);
    } catch (error) {
      return error instanceof RangeError ? TOO_DEEP : NOT_JSON;
    }
  },
};
