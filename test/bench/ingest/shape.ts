// What a reading of the load looks like: that of the contract that ships, or numbers and text as many as asked for (pure).

export interface Shape {
  /** Numbers in a reading. */
  readonly fields: number;
  /** Of its JSON in all; what the numbers leave is text. */
  readonly bytes?: number;
}

/** JSON with fixed places: a reading is made by writing digits over it. */
export interface Sample {
  readonly contract: string;
  readonly json: string;
  readonly sequenceAt: number;
  readonly timeAt: number;
  /** Numbers `D0.00` from these places on: the first digit and both behind the point differ from reading to reading. */
  readonly numbersAt: readonly number[];
  /** A number that is 0 or 1. */
  readonly bitAt: number | null;
}

export const SEQUENCE_DIGITS = 10;
export const TIME_DIGITS = 13;
/** Every device counts from here, so that a sequence number always has ten digits. */
export const SEQUENCE_BASE = 1_000_000_000;
const TIME = 1_700_000_000_000;

const behind = (json: string, before: string): number => json.indexOf(before) + before.length;

// Every value has a fixed width, and every combination of digits keeps the contract's ranges.
const ENVIRONMENT_JSON = `{"seq":${SEQUENCE_BASE},"ts":${TIME},"temperature":20.00,"humidity":30.00,"light":400.00,"co2":500.00,"occupancy":0}`;

export const ENVIRONMENT: Sample = {
  contract: "environment",
  json: ENVIRONMENT_JSON,
  sequenceAt: behind(ENVIRONMENT_JSON, '"seq":'),
  timeAt: behind(ENVIRONMENT_JSON, '"ts":'),
  numbersAt: ['"temperature":2', '"humidity":3', '"light":40', '"co2":50'].map((before) =>
    behind(ENVIRONMENT_JSON, before),
  ),
  bitAt: behind(ENVIRONMENT_JSON, '"occupancy":'),
};

const LOAD = "bench_load";
const nameOf = (field: number): string => `f${String(field).padStart(2, "0")}`;
/** As compressible as what an encoder of pictures or sound gives, in base 36. */
function textOf(characters: number): string {
  let state = 1;
  const next = (): number => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0);
  return Array.from({ length: characters }, () => Math.floor(next() / 2 ** 26) % 36)
    .map((digit) => digit.toString(36))
    .join("");
}

/** @throws RangeError if so many bytes do not hold so many fields. */
export function sampleOf({ fields, bytes }: Shape): Sample {
  const numbers = Array.from({ length: fields }, (_, at) => `,"${nameOf(at)}":20.00`).join("");
  const bare = `{"seq":${SEQUENCE_BASE},"ts":${TIME}${numbers}}`;
  const textBytes = (bytes ?? bare.length) - bare.length;
  const around = ',"text":""'.length;
  if (textBytes !== 0 && textBytes < around)
    throw new RangeError(
      `payloads of ${fields} fields are of ${bare.length} bytes, or of ${bare.length + around} and more: not of ${bytes}`,
    );
  const text = textBytes === 0 ? "" : `,"text":"${textOf(textBytes - around)}"`;
  const json = `${bare.slice(0, -1)}${text}}`;
  return {
    contract: LOAD,
    json,
    sequenceAt: behind(json, '"seq":'),
    timeAt: behind(json, '"ts":'),
    numbersAt: Array.from({ length: fields }, (_, at) => behind(json, `"${nameOf(at)}":2`)),
    bitAt: null,
  };
}

/** The contract of such readings, and the name of its file among schemas. */
export function contractOf({ fields }: Shape): { readonly path: string; readonly text: string } {
  const field = (type: string) => ({ type, "x-role": "field" });
  const numbers = Array.from({ length: fields }, (_, at) => [nameOf(at), field("number")] as const);
  const properties = {
    seq: { type: "integer", minimum: 0, "x-role": "sequence" },
    ts: { type: "integer", "x-role": "time" },
    ...Object.fromEntries(numbers),
    text: field("string"),
  };
  const schema = {
    title: "What the ingest benchmark writes with --fields or --payload-bytes",
    ...{ type: "object", "x-identity": "sequence", "x-partition-key": "device" },
    ...{ required: ["seq", "ts"], additionalProperties: false, properties },
  };
  return { path: `${LOAD}/v1.json`, text: JSON.stringify(schema) };
}
