// A frame: one JetStream message holding a batch of readings.
//
//   [header, reading, reading, …]                       JSON, or the same compressed (compression.ts)
//   header  {"v":1,"gateway":…,"epoch":…,"n":…,"count":…,"total":…,"clock":…,"canary":…}
//   reading [device, contract, version, receivedAtMs, traceparent|null, payload]
//
// F1. A payload is spliced in as it was received; nothing re-encodes it on the way.
// F2. `count` is the number of readings that follow; a frame that disagrees with it is invalid.
// F3. A newer format version is told from bytes that are no frame: the one waits for a newer program, the
//     other no program will ever read. Every format says in its header who wrote which frame, and its version
//     is one of the next few: whatever lacks that, or lies about it, is no frame.
// F4. A canary is a mark on a frame, and no reading: nothing that handles readings sees one, and programs
//     that do not know canaries pass it by.
import { isUtf8 } from "node:buffer";
import { compressed, decompressed } from "./compression.ts";

export const FRAME_VERSION = 1;

/** Versions that a newer program may write before this one is upgraded (F3). */
const NEWER_VERSIONS = 20;
/** Names of a gateway and its start are kept for each lane, in its position. */
const NAME_CHARS_MAX = 256;
/** The last millisecond that is a date (ECMA-262, 21.4.1.1). */
const CLOCK_MAX_MS = 8.64e15;

/**
 * A decompressed frame is never larger than this, whatever it claims: gateways end a frame at half of what
 * NATS takes, and UTF-8 may triple that. What blows up to more would hold up every lane of a process for seconds.
 */
const DECODED_BYTES_MAX = 2 * 1024 * 1024;

export class FrameError extends Error {
  override readonly name = "FrameError";
  /** True for a format version that a newer program may know (F3). */
  readonly isNewer: boolean;

  constructor(message: string, options: ErrorOptions & { isNewer?: boolean } = {}) {
    super(message, options);
    this.isNewer = options.isNewer ?? false;
  }
}

export interface FrameHeader {
  readonly v: number;
  /** Gateway id; unique in its region. */
  readonly gateway: string;
  /** Random per start of the gateway. */
  readonly epoch: string;
  /** Counts the frames of this gateway, epoch and partition, from 1. */
  readonly n: number;
  /** Readings in this frame. */
  readonly count: number;
  /** Readings of this gateway, epoch and partition up to and including this frame. */
  readonly total: number;
  /** The gateway's clock in epoch milliseconds: monotonic from its start. */
  readonly clock: number;
  /** Absent: it carries no canary (F4). Otherwise the time, by the same clock, at which one was asked for. */
  readonly canary?: number;
}

export interface FrameReading {
  readonly device: string;
  readonly contract: string;
  readonly version: number;
  readonly receivedAtMs: number;
  readonly traceparent: string | null;
  readonly payload: Record<string, unknown>;
}

export interface Frame {
  readonly header: FrameHeader;
  readonly readings: readonly FrameReading[];
}

/** De-duplicates re-sends in the stream; per partition, because JetStream de-duplicates per stream. */
export const frameMessageId = (
  header: Pick<FrameHeader, "gateway" | "epoch" | "n">,
  partition: number,
): string => `${header.gateway}:${header.epoch}:${partition}:${header.n}`;

/** Encodes one reading; `payload` is the JSON text as it was received (F1). */
export const encodeReading = (
  reading: Omit<FrameReading, "payload"> & { payload: string },
): string =>
  `[${JSON.stringify(reading.device)},${JSON.stringify(reading.contract)},${reading.version},${reading.receivedAtMs},${
    reading.traceparent === null ? "null" : JSON.stringify(reading.traceparent)
  },${reading.payload}]`;

/** Encodes a frame, from readings that {@link encodeReading} made. */
export function encodeFrame(header: FrameHeader, readings: readonly string[]): Buffer {
  const head = JSON.stringify(header);
  const text = readings.length === 0 ? `[${head}]` : `[${head},${readings.join(",")}]`;
  return compressed(Buffer.from(text, "utf8"));
}

/** @throws FrameError saying what is wrong, and whether a newer program may read it (F3). */
export function decodeFrame(data: Uint8Array): Frame {
  let parts: unknown;
  try {
    parts = JSON.parse(textOf(decompressed(data, DECODED_BYTES_MAX)));
  } catch (cause) {
    throw invalid("is neither JSON nor compressed JSON", cause);
  }
  if (!Array.isArray(parts) || parts.length === 0) throw invalid("is not an array with a header");
  const header = checkHeader(parts[0]);
  if (header.count !== parts.length - 1)
    throw invalid(`says ${header.count} readings and holds ${parts.length - 1}`);
  const readings = new Array<FrameReading>(header.count);
  for (let at = 0; at < header.count; at++) readings[at] = toReading(parts[at + 1]);
  return { header, readings };
}

/** Null for bytes that no program will ever read. @throws FrameError for a newer format (F3). */
export function frameOrNull(data: Uint8Array): Frame | null {
  try {
    return decodeFrame(data);
  } catch (error) {
    if (error instanceof FrameError && !error.isNewer) return null;
    throw error;
  }
}

/** @throws Error for what a decoder would replace silently. */
function textOf(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new Error("it is no UTF-8");
  return bytes.toString("utf8");
}

function checkHeader(value: unknown): FrameHeader {
  const header = value as FrameHeader | null;
  if (typeof header !== "object" || header === null) throw invalid("has no header");
  const { v, gateway, epoch, n, count, total, clock, canary } = header;
  const isSomebodys = isName(gateway) && isName(epoch) && isWhole(n, 1);
  if (v !== FRAME_VERSION) {
    const isAhead = isWhole(v, FRAME_VERSION) && v <= FRAME_VERSION + NEWER_VERSIONS;
    const isNewer = isAhead && isSomebodys;
    const what = `has format version ${String(v)}; this program reads ${FRAME_VERSION}`;
    throw new FrameError(`the frame ${what}${isNewer ? ": upgrade it" : ""}`, { isNewer });
  }
  const isComplete =
    isSomebodys &&
    isWhole(count, 0) &&
    isWhole(total, count) &&
    isTime(clock) &&
    (canary === undefined || isTime(canary));
  if (!isComplete)
    throw invalid(
      "has a header without a gateway, epoch, n, count, total or clock that could be right",
    );
  return header;
}

const isName = (name: unknown): boolean =>
  typeof name === "string" && name !== "" && name.length <= NAME_CHARS_MAX;

const isTime = (ms: number): boolean => Number.isFinite(ms) && ms >= 0 && ms <= CLOCK_MAX_MS;

const isWhole = (value: number, from: number): boolean =>
  Number.isSafeInteger(value) && value >= from;

function toReading(part: unknown): FrameReading {
  if (!Array.isArray(part) || part.length !== 6)
    throw invalid("holds something that is no reading");
  const [device, contract, version, receivedAtMs, traceparent, payload] = part as [
    string,
    string,
    number,
    number,
    string | null,
    Record<string, unknown>,
  ];
  if (
    typeof device !== "string" ||
    typeof contract !== "string" ||
    !Number.isSafeInteger(version) ||
    !Number.isFinite(receivedAtMs) ||
    (traceparent !== null && typeof traceparent !== "string") ||
    typeof payload !== "object" ||
    payload === null ||
    Array.isArray(payload)
  )
    throw invalid("holds something that is no reading");
  return { device, contract, version, receivedAtMs, traceparent, payload };
}

const invalid = (what: string, cause?: unknown): FrameError =>
  new FrameError(`the frame ${what}`, { cause });
