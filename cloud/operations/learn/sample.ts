// A message that nobody has a mapping for, and what its payload is (pure).

/** A message as it was heard, kept or recorded. */
export interface Sample {
  readonly topic: string;
  readonly payload: Buffer;
  readonly contentType?: string | undefined;
  /** Empty where nobody knows it. */
  readonly clientId: string;
  /** The record that its sender logged in as; absent for anonymous senders, and in recordings. */
  readonly principal?: string | undefined;
  /** Epoch ms. */
  readonly atMs: number;
  /** Its sequence among the rejects of a region, or its line in a recording. */
  readonly at: number;
}

/**
 * What a payload is: `number` and `word` stand alone (`21,5 °C`, `ON`), `text` is any other text, `binary` is no UTF-8.
 */
export type PayloadKind = "object" | "array" | "number" | "word" | "text" | "empty" | "binary";

export interface Parsed {
  readonly sample: Sample;
  readonly levels: readonly string[];
  readonly kind: PayloadKind;
  /** The decoded JSON, or the trimmed text. */
  readonly value: unknown;
}

/** A decimal number, with a unit behind it or without. */
const NUMBER_TEXT = /^[-+]?\d+(?:[.,]\d+)?\s*(?:[%°µ\p{L}][^\s\d]{0,11})?$/u;
const WORD = /^[\p{L}_][\p{L}\d _-]{0,31}$/u;
/** The longest text in which a number is looked for. */
const NUMBER_CHARS_MAX = 32;

/** True for text that is a decimal number and, perhaps, its unit. */
export const isNumberText = (text: string): boolean =>
  text.length <= NUMBER_CHARS_MAX && NUMBER_TEXT.test(text.trim());

const UTF8 = new TextDecoder("utf-8", { fatal: true });

export function parseSample(sample: Sample): Parsed {
  const levels = sample.topic.split("/");
  const as = (kind: PayloadKind, value: unknown): Parsed => ({ sample, levels, kind, value });
  let text: string;
  try {
    text = UTF8.decode(sample.payload).trim();
  } catch {
    return as("binary", null);
  }
  if (text === "") return as("empty", "");
  try {
    const value = JSON.parse(text) as unknown;
    if (Array.isArray(value)) return as("array", value);
    if (typeof value === "object" && value !== null) return as("object", value);
    if (typeof value === "number") return as("number", text);
    if (typeof value === "string") return bare(as, value.trim());
  } catch {
    // Text that is no JSON: a unit behind a number, a word.
  }
  return bare(as, text);
}

const bare = (as: (kind: PayloadKind, value: unknown) => Parsed, text: string): Parsed =>
  as(isNumberText(text) ? "number" : WORD.test(text) ? "word" : "text", text);
