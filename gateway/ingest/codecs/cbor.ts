// CBOR (RFC 8949), and MessagePack: one object, or an array of them (pure).
import { decode as decodeMessagePack } from "@msgpack/msgpack";
import { decode as decodeCbor } from "cborg";
import { type Codec, Undecodable } from "./codec.ts";
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
    return plainValue(value);
  },
});

/** The options make strict what the format leaves open: a key that comes twice, values that are none. */
export const CBOR_OPTIONS = {
  ...{ useMaps: true, allowBigInt: true, allowNaN: false, allowInfinity: false },
  ...{ allowUndefined: false, rejectDuplicateMapKeys: true },
};

export const CBOR_CODEC = decoding("CBOR", (payload) => decodeCbor(payload, CBOR_OPTIONS));

export const MESSAGE_PACK_CODEC = decoding("MessagePack", (payload) =>
  decodeMessagePack(payload, { useBigInt64: true }),
);
