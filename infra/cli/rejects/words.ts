// Rejects in words, for people (pure).
import { printable } from "../../../platform/runtime/printable.ts";
import type { KeptReject } from "../../../cloud/operations/rejects/find.ts";
import { count, instant } from "../../../cloud/operations/words.ts";
import { hexDump } from "./hex-dump.ts";

const PAYLOAD_SHOWN_CHARS = 120;

/** One line: sequence, arrival, reason, topic, client, detail, and how the payload begins. */
export function lineOf({ seq, reject }: KeptReject): string {
  const payload = Buffer.from(reject.payload, "base64").toString("utf8");
  const shown = JSON.stringify(payload.slice(0, PAYLOAD_SHOWN_CHARS));
  const at = instant(reject.receivedAtMs);
  return printable(
    `${seq} ${at} ${reject.reason} ${reject.topic} (${reject.clientId}): ${reject.detail}; ${shown}`,
  );
}

/** Everything of a reject, one property a line, then the payload: as text, or as a hex dump. */
export function describe({ seq, reject }: KeptReject): string[] {
  const payload = Buffer.from(reject.payload, "base64");
  const version = reject.version === null ? "" : ` v${reject.version}`;
  const rows: [string, string | undefined][] = [
    ["seq", String(seq)],
    ["reason", reject.reason],
    ["detail", reject.detail],
    ["arrived", instant(reject.receivedAtMs)],
    ["topic", reject.topic],
    ["client", reject.clientId],
    ["device", reject.device],
    ["contract", reject.contract === null ? "none" : `${reject.contract}${version}`],
    ["mapping", reject.mapping],
    ["elements", reject.elements?.join(", ")],
    ["trace", reject.traceparent],
    ["payload", count(payload.length, "byte")],
  ];
  const lines = rows.flatMap(([name, value]) =>
    value === undefined ? [] : [`${name.padEnd(10)}${printable(value)}`],
  );
  return [...lines, "", ...payloadLines(payload)];
}

function payloadLines(payload: Buffer): string[] {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(payload);
    // Control characters could rewrite the terminal; a dump shows them.
    return /[^\P{Cc}\t\n\r]/u.test(text) ? hexDump(payload) : text.split(/\r?\n/);
  } catch {
    return hexDump(payload);
  }
}
