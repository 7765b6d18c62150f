// Rows of a gateway's digests as JSON text, up to a bound of rows and bytes (pure).
import { isUtf8 } from "node:buffer";
import { LIVE_ROWS_MAX } from "../../contracts/messages/live.ts";
import { eventTimeMs } from "../../contracts/messages/reading.ts";
import type { Catalog } from "../../contracts/schema/catalog.ts";
import { type LastMessage, type LastReading, PREVIEW_BYTES } from "./last-seen.ts";

/** Rows of one digest leave room for its head and for what NATS adds. */
const ROWS_BYTES_MAX = 250 * 1024;
/** Hexadecimal digits are twice as many as their bytes. */
const HEX_BYTES = PREVIEW_BYTES / 2;
/** Topics have up to 64 KiB; of a longer one the beginning is shown. */
const TOPIC_CHARS_MAX = 512;

type Head = readonly [device: string, contract: string, version: number, receivedMs: number];

/** Values before the payload in the text of a reading. */
const HEAD_VALUES = 5;
const [QUOTE, COMMA, BACKSLASH] = [0x22, 0x2c, 0x5c];

export class Rows {
  readonly #rows: string[] = [];
  #bytes = 0;
  /** True once a row found no place. */
  isFull = false;

  /** False if the row has no place any more. */
  add(row: string): boolean {
    const bytes = Buffer.byteLength(row) + 1;
    if (this.#rows.length >= LIVE_ROWS_MAX || this.#bytes + bytes > ROWS_BYTES_MAX) {
      this.isFull = true;
      return false;
    }
    this.#rows.push(row);
    this.#bytes += bytes;
    return true;
  }

  get isEmpty(): boolean {
    return this.#rows.length === 0;
  }

  get text(): string {
    return `[${this.#rows.join(",")}]`;
  }
}

/** The row of a reading, see `ReadingRow`; its payload is spliced in as it came. */
export function readingRow(
  catalog: Pick<Catalog, "get">,
  encoded: string,
  { topic, mapping }: Pick<LastReading, "topic" | "mapping">,
): string {
  const at = payloadAt(encoded);
  const [device, contract, version, receivedMs] = headOf(encoded, at);
  const known = catalog.get(contract, version);
  const payload = (): Record<string, unknown> =>
    JSON.parse(encoded.slice(at, -1)) as Record<string, unknown>;
  const tsMs = known ? eventTimeMs(known, payload(), receivedMs) : receivedMs;
  const head = [device, contract, version, Number.isFinite(tsMs) ? tsMs : receivedMs, receivedMs];
  return `${JSON.stringify([...head, clipped(topic), mapping]).slice(0, -1)},${encoded.slice(at)}`;
}

/**
 * The place of a reading's payload in its text. Its head is short, and a payload may be long: a row of a topic needs
 * no more of that than its beginning, and it is made for each topic and second.
 */
function payloadAt(encoded: string): number {
  let values = 0;
  let isInText = false;
  for (let at = 1; at < encoded.length; at++) {
    const character = encoded.charCodeAt(at);
    if (character === QUOTE) isInText = !isInText;
    else if (isInText && character === BACKSLASH) at += 1;
    else if (!isInText && character === COMMA && (values += 1) === HEAD_VALUES) return at + 1;
  }
  return encoded.length;
}

const headOf = (encoded: string, payloadFrom: number): Head =>
  JSON.parse(`${encoded.slice(0, payloadFrom - 1)}]`) as Head;

/** The row of a topic, see `TopicRow`. */
export function topicRow(message: Omit<LastMessage, "isForgotten">): string {
  const { topic, count, lastMs, retained, refused, passed } = message;
  const { device, mapping, payload, reading } = message;
  const encoded = payload === null ? (reading?.encoded ?? null) : null;
  const name = clipped(topic);
  const row = (preview: string, by: string | null): string =>
    JSON.stringify([name, count, lastMs, preview, retained, by, mapping, refused, passed]);
  if (encoded === null) return row(payload ? previewOf(payload) : "", device);
  const at = payloadAt(encoded);
  return row(
    textPreview(encoded.slice(at, Math.min(at + PREVIEW_BYTES, encoded.length - 1))),
    headOf(encoded, at)[0],
  );
}

const clipped = (topic: string): string =>
  topic.length <= TOPIC_CHARS_MAX ? topic : `${topic.slice(0, TOPIC_CHARS_MAX).toWellFormed()}…`;

/** As much of a text as {@link PREVIEW_BYTES} hold, without a character that is cut in two. */
const textPreview = (text: string): string =>
  Buffer.byteLength(text) <= PREVIEW_BYTES
    ? text.toWellFormed()
    : previewOf(Buffer.from(text).subarray(0, PREVIEW_BYTES));

/** The bytes as text, without a character that is cut in two; else in hexadecimal. */
export function previewOf(payload: Buffer): string {
  for (let cut = 0; cut < 4; cut++) {
    const bytes = payload.subarray(0, payload.length - cut);
    if (isUtf8(bytes)) return bytes.toString("utf8");
    if (payload.length < PREVIEW_BYTES) break; // Nothing was cut off.
  }
  return `hex:${payload.subarray(0, HEX_BYTES).toString("hex")}`;
}
