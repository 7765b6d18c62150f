// CBOR (RFC 8949), and MessagePack: one object, or an array of them (pure).
// What the formats leave open is strict: keys are text and come once, text is UTF-8, numbers are numbers.
// Nothing is allocated because a length says so: lengths that the bytes do not have are refused first.
import { isUtf8 } from "node:buffer";
import { decode as decodeMessagePack } from "@msgpack/msgpack";
import { Tokenizer, Type, decode as decodeCbor } from "cborg";
import { type Codec, Undecodable } from "./codec.ts";
import { messagePackFault } from "./message-pack-fault.ts";
import { plainValue } from "./plain-value.ts";

/** Whatever a library throws at bytes, deep nesting included, is about those bytes. */
const decoding = (name: string, decode: (payload: Buffer) => unknown): Codec => ({
  decode: (payload) => {
    let value: unknown;
    try {
      value = decode(payload);
    } catch {
      return new Undecodable(`the payload is not ${name}`);
    }
    return value instanceof Undecodable ? value : plainValue(value);
  },
});

const CBOR_OPTIONS = {
  ...{ useMaps: true, allowBigInt: true, allowNaN: false, allowInfinity: false },
  ...{ allowUndefined: false, rejectDuplicateMapKeys: true, retainStringBytes: true },
};

class NotUtf8 extends Error {}

/** Text whose bytes are none: the library puts U+FFFD in their place. */
class StrictTokens extends Tokenizer {
  override next(): ReturnType<Tokenizer["next"]> {
    const token = super.next();
    if (token.type === Type.string && token.byteValue && !isUtf8(token.byteValue))
      throw new NotUtf8();
    return token;
  }
}

/** @throws Error for what is no CBOR; {@link Undecodable} for text that is no UTF-8. */
export function decodedCbor(payload: Buffer): unknown {
  const tokenizer = new StrictTokens(payload, CBOR_OPTIONS);
  try {
    return decodeCbor(payload, { ...CBOR_OPTIONS, tokenizer });
  } catch (error) {
    if (error instanceof NotUtf8) return new Undecodable("a text of the payload is not UTF-8");
    throw error;
  }
}

export const CBOR_CODEC = decoding("CBOR", decodedCbor);

export const MESSAGE_PACK_CODEC = decoding("MessagePack", (payload) => {
  const fault = messagePackFault(payload);
  return fault === null
    ? decodeMessagePack(payload, { useBigInt64: true })
    : new Undecodable(fault);
});
