// The ways in which a record is made to look like a signed one by who has no trusted key.
import type { KeyObject } from "node:crypto";
import { keyIdOf } from "../../../platform/nats/signed/signature.ts";
import type { Message, RegionArena } from "./arena.ts";

export interface Trick {
  readonly name: string;
  readonly how: string;
  /** @param good a record of the same kind, signed with the key that is trusted. */
  readonly sign: (
    arena: RegionArena,
    record: Message,
    by: { readonly good: Message; readonly key: KeyObject },
  ) => Message;
}

const signedBy = (arena: RegionArena, record: Message, key: KeyObject): string =>
  arena.signed(record, key).signature!;

export const TRICKS: readonly Trick[] = [
  { name: "unsigned", how: "no signature", sign: (_, record) => record },
  {
    ...{ name: "own-key", how: "a signature by a key of their own" },
    sign: (arena, record) => arena.signed(record, arena.strangersKey),
  },
  {
    ...{ name: "claimed-key", how: "a signature of their own that names the trusted key" },
    sign: (arena, record, { key }) => {
      const [own, trusted] = [keyIdOf(arena.strangersKey), keyIdOf(key)];
      const signature = signedBy(arena, record, arena.strangersKey).replace(own, trusted);
      return { ...record, signature };
    },
  },
  {
    ...{ name: "others-signature", how: "the signature of another record" },
    sign: (_, record, { good }) => ({ ...record, signature: good.signature! }),
  },
  {
    ...{ name: "nonsense", how: "a signature that is none" },
    sign: (_, record) => ({ ...record, signature: "v1 0 0 0" }),
  },
];
