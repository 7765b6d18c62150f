// JSON (pure): the default encoding, and the one that goes into the log as it came.
import { type Codec, Undecodable } from "./codec.ts";
import { parseExactly } from "./exact-json.ts";

export const JSON_CONTENT_TYPE = "application/json";

const NOT_JSON = new Undecodable("the payload is not JSON", "not_json");

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
    try {
      return parseExactly(payload.toString("utf8"));
    } catch {
      return NOT_JSON;
    }
  },
};
