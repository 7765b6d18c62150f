// SenML (RFC 8428), in JSON and CBOR (pure): records of one time become one reading.
//
// Y1. A record's name without the base name is the property; where the base name is all of it, the last part of that.
// Y2. Times are seconds since 1970, base and own together, and become `ts` in milliseconds. One that is relative to
//     now (RFC 8428, 4.5.3) is refused: what it means depends on who reads it, and when.
// Y3. A record with a base version other than 10, or a field that ends with `_` and must be understood, is refused.
import { decode as decodeCbor } from "cborg";
import { CBOR_OPTIONS } from "./cbor.ts";
import { type Codec, Undecodable } from "./codec.ts";
import { JSON_CODEC } from "./json.ts";
import { plainValue } from "./plain-value.ts";

const RECORDS_MAX = 1_000;
const NAME_CHARS_MAX = 200;
const VERSION = 10;
/** Smaller times are relative to now. */
const RELATIVE_BELOW_S = 2 ** 28;

/** Labels of CBOR (RFC 8428, 6). */
const LABELS: ReadonlyMap<unknown, string> = new Map([
  ...([
    [-1, "bver"],
    [-2, "bn"],
    [-3, "bt"],
    [-4, "bu"],
    [-5, "bv"],
    [-6, "bs"],
  ] as const),
  ...([
    [0, "n"],
    [1, "u"],
    [2, "v"],
    [3, "vs"],
    [4, "vb"],
    [5, "s"],
    [6, "t"],
    [7, "ut"],
    [8, "vd"],
  ] as const),
]);

export const SENML_JSON_CODEC: Codec = {
  decode: (payload) => readingsOf(JSON_CODEC.decode(payload)),
};

export const SENML_CBOR_CODEC: Codec = {
  decode: (payload) => {
    let value: unknown;
    try {
      value = decodeCbor(payload, CBOR_OPTIONS);
    } catch {
      return new Undecodable("the payload is not CBOR");
    }
    if (!Array.isArray(value)) return NO_PACK;
    return readingsOf(plainValue(value.map((record: unknown) => named(record))));
  },
};

const NO_PACK = new Undecodable("the payload is no SenML pack: an array of records");

/** Labels as names; what is no label stays, and is refused as a key that is no text. */
const named = (record: unknown): unknown =>
  record instanceof Map
    ? new Map(
        [...record].map(([label, value]: [unknown, unknown]) => [
          LABELS.get(label) ?? label,
          value,
        ]),
      )
    : record;

type SenmlRecord = Readonly<Record<string, unknown>>;

interface Base {
  name: string;
  timeS: number;
  value: number | null;
}

function readingsOf(pack: unknown): unknown {
  if (pack instanceof Undecodable) return pack;
  if (!Array.isArray(pack) || pack.length === 0) return NO_PACK;
  if (pack.length > RECORDS_MAX) return new Undecodable("the payload holds too many records");
  const base: Base = { name: "", timeS: 0, value: null };
  const readings: Map<string, unknown>[] = [];
  const byTime = new Map<number, Map<string, unknown>>();
  for (const record of pack as unknown[]) {
    if (typeof record !== "object" || record === null) return NO_PACK;
    const fault =
      take(base, record as SenmlRecord) ?? add(base, record as SenmlRecord, byTime, readings);
    if (fault !== null) return new Undecodable(fault);
  }
  if (readings.length === 0) return new Undecodable("the payload holds no value");
  return readings.map((reading) => Object.fromEntries(reading));
}

/** Base fields count from their record on; the fault in them, or null. */
function take(base: Base, record: SenmlRecord): string | null {
  const { bn, bt, bv, bver } = record;
  const must = Object.keys(record).find((name) => name.endsWith("_"));
  if (must !== undefined) return `the field "${must.slice(0, 50)}" must be understood, and is not`; // Y3
  if (bver !== undefined && bver !== VERSION) return "the version of the pack is not 10"; // Y3
  if (bn !== undefined && typeof bn !== "string") return "bn is no text";
  if (bt !== undefined && typeof bt !== "number") return "bt is no number";
  if (bv !== undefined && typeof bv !== "number") return "bv is no number";
  if (bn !== undefined) base.name = bn;
  if (bt !== undefined) base.timeS = bt;
  if (bv !== undefined) base.value = bv;
  return null;
}

/** Adds the record's value to the reading of its time. */
function add(
  base: Base,
  { n = "", t = 0, v, vb, vs, vd }: SenmlRecord,
  byTime: Map<number, Map<string, unknown>>,
  readings: Map<string, unknown>[],
): string | null {
  if (typeof n !== "string" || typeof t !== "number") return "n is no text, or t no number";
  const values = [v, vb, vs, vd].filter((value) => value !== undefined);
  if (values.length === 0) return null; // Of base fields alone, or of a sum.
  if (values.length > 1 || vd !== undefined) return "a record has one of v, vb and vs";
  const property = n === "" ? (base.name.split(/[:/]/).findLast((part) => part !== "") ?? "") : n; // Y1
  if (property === "" || property.length > NAME_CHARS_MAX)
    return `a name has 1 to ${NAME_CHARS_MAX} characters`;
  const timeS = base.timeS + t;
  if (timeS !== 0 && timeS < RELATIVE_BELOW_S)
    return "a time is relative to now; send it as seconds since 1970"; // Y2
  let reading = byTime.get(timeS);
  if (!reading || reading.has(property)) {
    reading = new Map(timeS === 0 ? [] : [["ts", Math.round(timeS * 1_000)]]);
    byTime.set(timeS, reading);
    readings.push(reading);
  }
  reading.set(property, typeof v === "number" && base.value !== null ? base.value + v : values[0]);
  return null;
}
