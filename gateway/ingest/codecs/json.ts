// JSON (pure): the default encoding, and the one that goes into the log as it came.
import { isUtf8 } from "node:buffer";
import { type Codec, Undecodable } from "./codec.ts";
import { parseExactly } from "./exact-json.ts";

export const JSON_CONTENT_TYPE = "application/json";

const NOT_JSON = new Undecodable("the payload is not JSON", "not_json");

/** The text of a payload, unless its bytes are none: decoding those would alter them silently. */
export const jsonText = (payload: Buffer): string | Undecodable =>
  isUtf8(payload) ? payload.toString("utf8") : illFormed(payload);

/** JSON is UTF-8 (RFC 8259, 8.1). */
function illFormed(payload: Buffer): Undecodable {
  const decoded = Buffer.from(payload.toString("utf8"));
  const at = payload.findIndex((byte, index) => byte !== decoded[index]);
  const byte = payload[at]!.toString(16).padStart(2, "0");
  return new Undecodable(`the payload is not UTF-8: byte 0x${byte} at offset ${at}`, "not_json");
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
    } catch {
      return NOT_JSON;
    }
  },
};
