// The payload of one reading as it was sent (pure): with the numbers of JavaScript, which everything
// computes with, and exactly, which is needed where one of them is not what was sent.
import { parseExactly } from "./codecs/exact-json.ts";

type Payload = Readonly<Record<string, unknown>>;

export interface SentPayload {
  readonly payload: Payload;
  /** JSON as it came, which goes into the frame; null if the reading is made of something else. */
  readonly text: string | null;
  /** The decoded value, if it did not come as JSON: with BigInts (codecs/codec.ts). */
  readonly exact: Payload | null;
}

/** The payload with BigInts for whole numbers that no double gives back; null if it is too deep to be read so. */
export function exactlySent({ exact, text }: SentPayload): Payload | null {
  if (exact !== null) return exact;
  try {
    return parseExactly(text!) as Payload;
  } catch {
    return null;
  }
}

export function sentValue(exact: Payload): SentPayload {
  const payload: Record<string, unknown> = { ...exact };
  for (const name in payload) {
    const value = payload[name];
    if (typeof value === "bigint") payload[name] = Number(value);
  }
  return { payload, text: null, exact };
}
