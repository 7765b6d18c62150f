// Which series a reading belongs to (pure): its partition key, and the tags that tell apart the series of
// one key, as text that is the same in every part of the system.
//
// S1. Different series have different texts, and the text of a series names them: `room9{quantity=pressure}`;
//     without tags it is the key. What stands for something in it is escaped by a backslash.
// S2. A tag that is not there, null or empty is left out, as InfluxDB does. Two versions of a contract, of
//     which only one knows a tag, so have the readings without it in one series.
// S3. Names of tags are in their order as text, whichever version a reading is of.
import type { Contract } from "../schema/contract.ts";
import { seriesKeyOf } from "./reading.ts";

type Payload = Readonly<Record<string, unknown>>;

/** The tags of a series, by name, in their order. */
export type SeriesTags = readonly (readonly [name: string, value: string])[];

export interface Series {
  /** The partition key's value. */
  readonly key: string;
  readonly tags: SeriesTags;
}

/**
 * The longest text of a series with every tag of its contract, in bytes of UTF-8. Escaped for a NATS subject it
 * is three times as long, and nats-server ends the connection of whoever sends one of over 4 KiB.
 */
export const SERIES_BYTES_MAX = 1_000;

/** A tag's value as text: tags are strings, numbers or booleans, whatever else there is becomes JSON. */
export const tagText = (value: unknown): string =>
  typeof value === "string" ? value : JSON.stringify(value);

/**
 * The text of the series of a reading.
 * @param by names of the tags that tell series apart, in their order; those of the contract without it.
 */
export function seriesOf(
  contract: Contract,
  device: string,
  payload: Payload,
  by: readonly string[] = contract.seriesTags,
): string {
  const key = seriesKeyOf(contract, device, payload);
  return by.length === 0 ? seriesText(key, NO_TAGS) : seriesText(key, tagsOf(payload, by));
}

/** The tags that a payload has of these. */
export function tagsOf(payload: Payload, by: readonly string[]): SeriesTags {
  const tags: (readonly [string, string])[] = [];
  for (const name of by) {
    const value = payload[name];
    if (value !== undefined && value !== null && value !== "") tags.push([name, tagText(value)]);
  }
  return tags;
}

const NO_TAGS: SeriesTags = [];

export function seriesText(key: string, tags: SeriesTags): string {
  const begin = escapeBy(IN_KEY, key);
  if (tags.length === 0) return begin;
  const list = tags.map(([name, value]) => `${escapeBy(IN_TAG, name)}=${escapeBy(IN_TAG, value)}`);
  return `${begin}{${list.join(",")}}`;
}

const IN_KEY = /[\\{]/;
const IN_TAG = /[\\{},=]/;

const escapeBy = (special: RegExp, text: string): string =>
  special.test(text) ? text.replaceAll(new RegExp(special, "g"), "\\$&") : text;

/** The series that a text is of (S1). */
export function parseSeries(text: string): Series {
  if (!text.includes("{") && !text.includes("\\")) return { key: text, tags: NO_TAGS };
  const parts: string[] = [];
  let part = "";
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!;
    if (char === "\\") part += text[++at] ?? "";
    else if (char === "{" && depth === 0) {
      depth = 1;
      parts.push(part);
      part = "";
    } else if (depth === 1 && (char === "," || char === "=" || char === "}")) {
      parts.push(part);
      part = "";
    } else part += char;
  }
  const [key = part, ...rest] = parts;
  const tags: (readonly [string, string])[] = [];
  for (let at = 0; at + 1 < rest.length; at += 2) tags.push([rest[at]!, rest[at + 1]!]);
  return { key, tags };
}
