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

type Encoded = readonly [string, string, number, number, string | null, Record<string, unknown>];

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
  const [device, contract, version, receivedMs, traceparent, payload] = JSON.parse(
    encoded,
  ) as Encoded;
  const known = catalog.get(contract, version);
  const tsMs = known ? eventTimeMs(known, payload, receivedMs) : receivedMs;
  const head = [device, contract, version, Number.isFinite(tsMs) ? tsMs : receivedMs, receivedMs];
  const prefix = JSON.stringify([device, contract, version, receivedMs, traceparent]).length;
  return `${JSON.stringify([...head, clipped(topic), mapping]).slice(0, -1)},${encoded.slice(prefix)}`;
}

/** The row of a topic, see `TopicRow`. */
export function topicRow(message: LastMessage): string {
  const { topic, count, lastMs, retained, refused } = message;
  const { device, mapping, payload, reading } = message;
  const encoded = payload === null ? (reading?.encoded ?? null) : null;
  const known = encoded === null ? null : (JSON.parse(encoded) as Encoded);
  const preview =
    known === null ? (payload ? previewOf(payload) : "") : payloadText(encoded!, known);
  const by = known?.[0] ?? device;
  const name = clipped(topic);
  return JSON.stringify([name, count, lastMs, preview, retained, by, mapping, refused]);
}

const clipped = (topic: string): string =>
  topic.length <= TOPIC_CHARS_MAX ? topic : `${topic.slice(0, TOPIC_CHARS_MAX).toWellFormed()}…`;

/** The beginning of a reading's payload as it is in the log. */
function payloadText(encoded: string, reading: Encoded): string {
  const from = JSON.stringify(reading.slice(0, 5)).length;
  const text = encoded.slice(from, -1);
  return previewOf(Buffer.from(text.slice(0, PREVIEW_BYTES)).subarray(0, PREVIEW_BYTES));
}

/** The bytes as text, without a character that is cut in two; else in hexadecimal. */
export function previewOf(payload: Buffer): string {
  for (let cut = 0; cut < 4; cut++) {
    const bytes = payload.subarray(0, payload.length - cut);
    if (isUtf8(bytes)) return bytes.toString("utf8");
    if (payload.length < PREVIEW_BYTES) break; // Nothing was cut off.
  }
  return `hex:${payload.subarray(0, HEX_BYTES).toString("hex")}`;
}
