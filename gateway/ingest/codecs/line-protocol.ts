// Line protocol of InfluxDB (pure): lines of bytes, and a line → measurement, tags, fields and time.
//
// E1. A line is cut where InfluxDB cuts it: at a line feed outside of quotation marks. Where a mark never closes, the
//     line ends at its first line feed, and only that line is wrong.
// E2. A number is what its text says: a whole number that no double gives back is a BigInt (exact-json.ts/N1).
// E3. The time to cut a body grows with its bytes, whatever they are.
import { isUtf8 } from "node:buffer";

const [LINE_FEED, BACKSLASH, QUOTE, SPACE, HASH] = [0x0a, 0x5c, 0x22, 0x20, 0x23];

export interface Line {
  /** The first is 1, as InfluxDB counts. */
  readonly number: number;
  readonly bytes: Buffer;
}

export interface Point {
  readonly measurement: string;
  readonly tags: ReadonlyMap<string, string>;
  readonly fields: ReadonlyMap<string, FieldValue>;
  /** Epoch nanoseconds; null: whoever takes it says when it was. */
  readonly timeNs: bigint | null;
}

export type FieldValue = number | bigint | boolean | string;

/** A line that is none, with as much of it as could be read. */
export class LineFault {
  readonly detail: string;
  readonly measurement: string | null;
  readonly tags: ReadonlyMap<string, string>;

  constructor(detail: string, measurement: string | null = null, tags = new Map<string, string>()) {
    this.detail = detail;
    this.measurement = measurement;
    this.tags = tags;
  }
}

const NS_OF: Readonly<Record<string, bigint>> = {
  ...{ ns: 1n, n: 1n, us: 1_000n, u: 1_000n, µ: 1_000n, ms: 1_000_000n, s: 1_000_000_000n },
  ...{ m: 60_000_000_000n, h: 3_600_000_000_000n },
};

/** Nanoseconds of a precision as InfluxDB's parameter has it; undefined for any other word. */
export const nanosecondsOf = (precision: string): bigint | undefined =>
  Object.hasOwn(NS_OF, precision) ? NS_OF[precision] : undefined;

/**
 * The lines of a body but for empty ones and comments (E1).
 * @param max no more are looked for than one more than that.
 */
export function linesOf(body: Buffer, max = Infinity): Line[] {
  const lines: Line[] = [];
  let number = 1;
  let quote = -1;
  for (let from = 0; from < body.length && lines.length <= max;) {
    // E3. The next mark is looked for once, however many lines are before it.
    if (quote < from) quote = placeOf(body, QUOTE, from);
    const end = endOfLine(body, from, quote);
    let to = end;
    if (body[to - 1] === 0x0d) to -= 1;
    let start = from;
    while (start < to && body[start] === SPACE) start += 1;
    if (start < to && body[start] !== HASH) lines.push({ number, bytes: body.subarray(start, to) });
    for (let at = from; at <= end && at < body.length; at++)
      if (body[at] === LINE_FEED) number += 1;
    from = end + 1;
  }
  return lines;
}

/** The first place of a byte, or the end. */
function placeOf(body: Buffer, byte: number, from: number): number {
  const place = body.indexOf(byte, from);
  return place === -1 ? body.length : place;
}

/** @param quote the first quotation mark behind `from`. */
function endOfLine(body: Buffer, from: number, quote: number): number {
  const plain = placeOf(body, LINE_FEED, from);
  if (quote >= plain || body[from] === HASH) return plain;
  let isQuoted = false;
  for (let at = from; at < body.length; at++) {
    const byte = body[at];
    if (byte === BACKSLASH) at += 1;
    else if (byte === QUOTE && (isQuoted || body[at - 1] === 0x3d)) isQuoted = !isQuoted;
    else if (byte === LINE_FEED && !isQuoted) return at;
    // A text of several lines is rare, and one that never ends must not be looked for again and again.
    if (at - from > LINE_BYTES_MAX) return plain;
  }
  return isQuoted ? plain : body.length;
}

/** The longest line that a quotation mark may reach over. */
const LINE_BYTES_MAX = 64 * 1024;

/** @param nsOfUnit nanoseconds of the unit that its time is in. */
export function parseLine(bytes: Buffer, nsOfUnit: bigint): Point | LineFault {
  if (!isUtf8(bytes)) return new LineFault("the line is not UTF-8");
  return new Reader(bytes.toString("utf8"), nsOfUnit).read();
}

class Reader {
  readonly #text: string;
  readonly #nsOfUnit: bigint;
  #at = 0;
  #measurement: string | null = null;
  readonly #tags = new Map<string, string>();

  constructor(text: string, nsOfUnit: bigint) {
    this.#text = text;
    this.#nsOfUnit = nsOfUnit;
  }

  read(): Point | LineFault {
    this.#measurement = this.#until(", ");
    if (this.#measurement === "") return this.#fault("it has no measurement");
    while (this.#take(",")) {
      const key = this.#until("=, ");
      if (key === "" || !this.#take("=")) return this.#fault(`the tag "${key}" has no value`);
      const value = this.#until(", ");
      if (value === "") return this.#fault(`the tag "${key}" is empty`);
      this.#tags.set(key, value);
    }
    if (!this.#spaces()) return this.#fault("it has no fields");
    const fields = new Map<string, FieldValue>();
    do {
      const key = this.#until("=, ");
      if (key === "" || !this.#take("=")) return this.#fault(`the field "${key}" has no value`);
      const value = this.#value();
      if (value === null) return this.#fault(`the field "${key}" has no value that is one`);
      fields.set(key, value);
    } while (this.#take(","));
    return this.#end(fields);
  }

  #end(fields: ReadonlyMap<string, FieldValue>): Point | LineFault {
    this.#spaces();
    const rest = this.#text.slice(this.#at).trim();
    const measurement = this.#measurement!;
    const tags = this.#tags;
    if (rest === "") return { measurement, tags, fields, timeNs: null };
    if (!/^-?\d{1,19}$/.test(rest))
      return this.#fault(
        `"${rest.slice(0, 50)}" is no time: whole digits, in the unit of precision`,
      );
    return { measurement, tags, fields, timeNs: BigInt(rest) * this.#nsOfUnit };
  }

  #fault(detail: string): LineFault {
    return new LineFault(detail, this.#measurement === "" ? null : this.#measurement, this.#tags);
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #spaces(): boolean {
    const from = this.#at;
    while (this.#text[this.#at] === " ") this.#at += 1;
    return this.#at > from;
  }

  /** Text up to one of these characters that no backslash stands before. */
  #until(ends: string): string {
    const text = this.#text;
    let found = "";
    let from = this.#at;
    for (; this.#at < text.length; this.#at++) {
      const character = text[this.#at]!;
      if (character === "\\" && ESCAPED.has(text[this.#at + 1] ?? "")) {
        found += text.slice(from, this.#at);
        this.#at += 1;
        from = this.#at;
      } else if (ends.includes(character)) break;
    }
    return found + text.slice(from, this.#at);
  }

  /** Null for what is no value. */
  #value(): FieldValue | null {
    if (this.#text[this.#at] === '"') return this.#quoted();
    const from = this.#at;
    while (this.#at < this.#text.length && !", ".includes(this.#text[this.#at]!)) this.#at += 1;
    return scalar(this.#text.slice(from, this.#at));
  }

  #quoted(): string | null {
    const text = this.#text;
    let found = "";
    for (let at = this.#at + 1, from = at; at < text.length; at++) {
      if (text[at] === "\\" && (text[at + 1] === '"' || text[at + 1] === "\\")) {
        found += text.slice(from, at);
        at += 1;
        from = at;
      } else if (text[at] === '"') {
        this.#at = at + 1;
        return found + text.slice(from, at);
      }
    }
    return null;
  }
}

const ESCAPED = new Set([",", "=", " ", "\\"]);
const FLOAT = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/;
const WHOLE = /^(-?\d{1,20})[iu]$/;
const TRUE = new Set(["t", "T", "true", "True", "TRUE"]);
const FALSE = new Set(["f", "F", "false", "False", "FALSE"]);

function scalar(text: string): number | bigint | boolean | null {
  const whole = WHOLE.exec(text)?.[1];
  if (whole !== undefined) {
    const value = Number(whole);
    return Number.isSafeInteger(value) ? value : BigInt(whole); // E2
  }
  if (FLOAT.test(text)) return Number(text);
  return TRUE.has(text) ? true : FALSE.has(text) ? false : null;
}
