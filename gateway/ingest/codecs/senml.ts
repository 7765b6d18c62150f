// SenML (RFC 8428), in JSON and CBOR (pure): records of one time become one reading.
//
// Y1. A record's name without the base name is the property; where the base name is all of it, the last part of that.
// Y2. Times are seconds since 1970, base and own together, and become `ts` in milliseconds. One that is relative to
//     now (RFC 8428, 4.5.3) is refused: what it means depends on who reads it, and when.
// Y3. A record with a base version other than 10, or a field that ends with `_` and must be understood, is refused.
// Y4. A record says one value, of the kind of its field. One that says what no reading has, a sum or bytes, is refused,
//     as is a time or value beyond a double: nothing of a pack is passed over, and it is refused as a whole, because
//     what is left of a reading would be another one.
import { decodedCbor } from "./cbor.ts";
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

const SPELT: ReadonlySet<unknown> = new Set(LABELS.values());

export const SENML_JSON_CODEC: Codec = {
  decode: (payload) => readingsOf(JSON_CODEC.decode(payload)),
};

export const SENML_CBOR_CODEC: Codec = {
  decode: (payload) => {
    let value: unknown;
    try {
      value = decodedCbor(payload);
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
          // A field of RFC 8428 has a label alone: as text it would come twice.
          LABELS.get(label) ?? (SPELT.has(label) ? null : label),
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
    if (record instanceof Undecodable) return record;
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
  record: SenmlRecord,
  byTime: Map<number, Map<string, unknown>>,
  readings: Map<string, unknown>[],
): string | null {
  const { n = "", t = 0 } = record;
  if (typeof n !== "string" || typeof t !== "number") return "n is no text, or t no number";
  const value = valueOf(base, record);
  if (value instanceof Undecodable) return value.detail;
  if (value === undefined) return null; // Of base fields alone.
  const property = n === "" ? (base.name.split(/[:/]/).findLast((part) => part !== "") ?? "") : n; // Y1
  if (property === "" || property.length > NAME_CHARS_MAX)
    return `a name has 1 to ${NAME_CHARS_MAX} characters`;
  const timeS = base.timeS + t;
  if (!Number.isFinite(timeS * 1_000)) return "a time is beyond every date"; // Y4
  if (timeS !== 0 && timeS < RELATIVE_BELOW_S)
    return "a time is relative to now; send it as seconds since 1970"; // Y2
  let reading = byTime.get(timeS);
  if (!reading || reading.has(property)) {
    reading = new Map(timeS === 0 ? [] : [["ts", Math.round(timeS * 1_000)]]);
    byTime.set(timeS, reading);
    readings.push(reading);
  }
  if (property === "ts" && timeS !== 0) return 'a record is called "ts", which is the time';
  reading.set(property, value);
  return null;
}

/** Y4. Undefined for a record of base fields alone. */
function valueOf(base: Base, { n, v, vb, vs, vd, s, bs }: SenmlRecord): unknown {
  if (s !== undefined || bs !== undefined)
    return new Undecodable("a record has a sum (s); send it as a value (v) of its own name");
  const said = [v, vb, vs, vd].filter((value) => value !== undefined);
  if (said.length === 0)
    return n === undefined ? undefined : new Undecodable("a record has a name, and no value");
  if (said.length > 1 || vd !== undefined)
    return new Undecodable("a record has one of v, vb and vs");
  const isOfKind = [
    typeof v === "number" || typeof v === "bigint",
    typeof vb === "boolean",
    typeof vs === "string",
  ].some(Boolean);
  if (!isOfKind) return new Undecodable("v is a number, vb true or false, vs text");
  if (typeof v !== "number" || base.value === null) return said[0];
  const sum = base.value + v;
  return Number.isFinite(sum) ? sum : new Undecodable("v and bv together are beyond a double");
}
