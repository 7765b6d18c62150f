// Readings as text of other forms than JSON (pure): CSV with a header, a form, one number, line protocol.
//
// O1. A cell, or a value of a form, is a number or true or false where it is spelled so as JSON spells it; between
//     quotation marks it is text. An empty cell is no value.
// O2. What a header repeats for each row is bounded by names of NAME_CHARS_MAX.
import { parse } from "csv-parse/sync";
import { type Codec, Undecodable } from "./codec.ts";
import { JSON_CODEC, jsonText } from "./json.ts";
import { LineFault, linesOf, parseLine } from "./line-protocol.ts";
import { valueOfText } from "./plain-value.ts";

const NAME_CHARS_MAX = 200;
const ROWS_MAX = 1_000;
const COLUMNS_MAX = 200;

/** A cell that stood between quotation marks is text, whatever it says. */
class Quoted {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

const tooMany = (what: string): Undecodable =>
  new Undecodable(`the payload holds too many ${what}`);

/** A header, and one reading a row (RFC 4180). */
export const CSV_CODEC: Codec = {
  decode: (payload) => {
    const text = jsonText(payload);
    if (typeof text !== "string") return new Undecodable(text.detail);
    let rows: (string | Quoted)[][];
    try {
      rows = parse(text, {
        ...{ bom: true, relax_column_count: true, skip_empty_lines: true, to: ROWS_MAX + 2 },
        cast: (value, { quoting }) => (quoting ? new Quoted(value) : value.trim()),
      });
    } catch (error) {
      return new Undecodable(
        `the payload is not CSV: ${(error as Error).message.slice(0, 100).toWellFormed()}`,
      );
    }
    const [header, ...others] = rows;
    if (!header || others.length === 0)
      return new Undecodable("the payload has no row below its header");
    if (others.length > ROWS_MAX) return tooMany("rows");
    if (header.length > COLUMNS_MAX) return tooMany("columns");
    const names = header.map((name) => (name instanceof Quoted ? name.text : name));
    const fault = nameFault(names);
    return fault ?? others.map((row) => rowOf(names, row));
  },
};

function rowOf(names: readonly string[], row: readonly (string | Quoted)[]): unknown {
  if (row.length !== names.length)
    return new Undecodable(`the row has ${row.length} cells, and the header ${names.length}`);
  const members: [string, unknown][] = [];
  row.forEach((cell, at) => {
    if (cell instanceof Quoted) members.push([names[at]!, cell.text]);
    else if (cell !== "") members.push([names[at]!, valueOfText(cell)]);
  });
  return Object.fromEntries(members);
}

function nameFault(names: readonly string[]): Undecodable | null {
  if (names.some((name) => name === "" || name.length > NAME_CHARS_MAX))
    return new Undecodable(`names have 1 to ${NAME_CHARS_MAX} characters`);
  return new Set(names).size === names.length ? null : new Undecodable("a name comes twice");
}

/** `application/x-www-form-urlencoded` (WHATWG URL, 5.1), one reading; or JSON, where a program says so of everything. */
export const FORM_CODEC: Codec = {
  decode: (payload) => {
    const text = jsonText(payload);
    if (typeof text !== "string") return new Undecodable(text.detail);
    if (/^\s*[{[]/.test(text)) return JSON_CODEC.decode(payload);
    const members = [...new URLSearchParams(text)];
    if (members.length === 0) return new Undecodable("the payload holds no value");
    const fault = nameFault(members.map(([name]) => name));
    if (fault) return fault;
    return Object.fromEntries(members.map(([name, value]) => [name, valueOfText(value)]));
  },
};

/** One number, which is the property `value`; or JSON, which programs call text as well. */
export const NUMBER_CODEC: Codec = {
  decode: (payload) => {
    const value = JSON_CODEC.decode(payload);
    if (typeof value === "number" || typeof value === "bigint") return { value };
    return value instanceof Undecodable
      ? new Undecodable("the payload is neither one number nor JSON, as which text/plain is read")
      : value;
  },
};

/** Points without a measurement's or a device's say: both are in the topic. Times are nanoseconds, and become `ts`. */
export const LINE_PROTOCOL_CODEC: Codec = {
  decode: (payload) => {
    const lines = linesOf(payload, ROWS_MAX);
    if (lines.length === 0) return new Undecodable("the payload holds no line");
    if (lines.length > ROWS_MAX) return tooMany("lines");
    return lines.map(({ number, bytes }) => {
      const point = parseLine(bytes, 1n);
      if (point instanceof LineFault) return new Undecodable(`line ${number}: ${point.detail}`);
      const { tags, fields, timeNs } = point;
      const members: [string, unknown][] = [...tags, ...fields];
      if (timeNs !== null) members.push(["ts", Number(timeNs / 1_000_000n)]);
      return Object.fromEntries(members);
    });
  },
};
