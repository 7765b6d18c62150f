// What is wrong with the form of MessagePack, before a library makes values of it (pure).
//
// J1. The library allocates an array of the length that its five bytes of header say, at each level anew: a KiB could ask for
//     terabytes. Here every value that is announced needs a byte that is there.
// J2. Text that is no UTF-8 is refused: the library makes other text of it. So are keys that are no text, or come twice.
// J3. One look at each byte, and DEPTH_MAX levels.
import { isUtf8 } from "node:buffer";
import { DEPTH_MAX } from "./plain-value.ts";

const NOT = "the payload is not MessagePack";

type Kind = "scalar" | "text" | "array" | "map";

/** Bytes behind the first byte, from 0xc0 on: how many say a length, how many there are besides, and of what. */
const HEADS: readonly (readonly [Kind, lengthBytes: number, bytes: number] | null)[] = [
  ...([["scalar", 0, 0], null, ["scalar", 0, 0], ["scalar", 0, 0]] as const), // nil, never used, false, true
  ...([1, 2, 4] as const).map((bytes) => ["scalar", bytes, 0] as const), // bin
  ...([1, 2, 4] as const).map((bytes) => ["scalar", bytes, 1] as const), // ext
  ...([4, 8] as const).map((bytes) => ["scalar", 0, bytes] as const), // float
  ...([1, 2, 4, 8, 1, 2, 4, 8] as const).map((bytes) => ["scalar", 0, bytes] as const), // uint, int
  ...([2, 3, 5, 9, 17] as const).map((bytes) => ["scalar", 0, bytes] as const), // fixext
  ...([1, 2, 4] as const).map((bytes) => ["text", bytes, 0] as const),
  ...([2, 4] as const).map((bytes) => ["array", bytes, 0] as const),
  ...([2, 4] as const).map((bytes) => ["map", bytes, 0] as const),
];

interface Head {
  readonly kind: Kind;
  /** The byte behind the head. */
  readonly at: number;
  /** Bytes of a scalar or text, elements of an array, members of a map. */
  readonly size: number;
}

function headOf(bytes: Buffer, at: number): Head | null {
  const first = bytes[at];
  if (first === undefined) return null;
  const behind = at + 1;
  if (first < 0x80 || first >= 0xe0) return { kind: "scalar", at: behind, size: 0 };
  if (first < 0x90) return { kind: "map", at: behind, size: first & 0x0f };
  if (first < 0xa0) return { kind: "array", at: behind, size: first & 0x0f };
  if (first < 0xc0) return { kind: "text", at: behind, size: first & 0x1f };
  const head = HEADS[first - 0xc0];
  if (!head) return null;
  const [kind, lengthBytes, more] = head;
  if (behind + lengthBytes > bytes.length) return null;
  const length = lengthBytes === 0 ? 0 : bytes.readUIntBE(behind, lengthBytes);
  return { kind, at: behind + lengthBytes, size: length + more };
}

/** An array or map that is not at its end. */
interface Open {
  left: number;
  /** Those of a map so far; null for an array. */
  readonly keys: Set<string> | null;
}

/** Null for a value that the library may read. */
export function messagePackFault(bytes: Buffer): string | null {
  const open: Open[] = [{ left: 1, keys: null }];
  let at = 0;
  let owed = 1;
  for (let inner = open.at(-1); inner; inner = open.at(-1)) {
    if (inner.left === 0) {
      open.pop();
      continue;
    }
    const isKey = inner.keys !== null && inner.left % 2 === 0;
    inner.left -= 1;
    owed -= 1;
    const head = headOf(bytes, at);
    if (!head) return NOT;
    at = head.at;
    if (isKey && head.kind !== "text") return "a key of the payload is no text"; // J2
    if (head.kind === "array" || head.kind === "map") {
      const left = head.kind === "map" ? 2 * head.size : head.size;
      owed += left;
      if (owed > bytes.length - at) return NOT; // J1
      if (open.length > DEPTH_MAX) return `the payload is nested over ${DEPTH_MAX} levels deep`; // J3
      open.push({ left, keys: head.kind === "map" ? new Set() : null });
      continue;
    }
    const end = at + head.size;
    if (end > bytes.length) return NOT;
    if (head.kind === "text") {
      const text = bytes.subarray(at, end);
      if (!isUtf8(text)) return "a text of the payload is not UTF-8"; // J2
      const key = isKey ? text.toString("latin1") : null;
      if (key !== null && inner.keys!.has(key)) return "a key comes twice"; // J2
      if (key !== null) inner.keys!.add(key);
    }
    at = end;
  }
  return at === bytes.length ? null : NOT;
}
