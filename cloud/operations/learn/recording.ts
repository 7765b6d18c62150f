// A recording: one message a line, JSON, as `mosquitto_sub -F %j` writes it (pure).
import { messageOf } from "../../../platform/runtime/errors.ts";
import { refused } from "../refused.ts";
import type { Sample } from "./sample.ts";

/** Messages of one recording: what is behind them is told, and left out. */
export const RECORDED_MAX = 20_000;

interface Line {
  readonly topic?: unknown;
  readonly payload?: unknown;
  readonly payloadBase64?: unknown;
  /** Epoch ms or ISO 8601; `tst` is what Mosquitto calls it. */
  readonly time?: unknown;
  readonly tst?: unknown;
  readonly clientId?: unknown;
  readonly contentType?: unknown;
}

export interface Recording {
  readonly samples: readonly Sample[];
  /** Lines beyond {@link RECORDED_MAX}. */
  readonly left: number;
}

/**
 * The messages of a recording. @param nowMs the arrival of messages whose line has no time.
 * @throws AppError `CONFIG_INVALID` naming the line, and what would be right.
 */
export function readRecording(text: string, nowMs: number): Recording {
  const lines = text.split(/\r?\n/).map((line, at) => ({ line: line.trim(), at: at + 1 }));
  const filled = lines.filter(({ line }) => line !== "");
  const samples = filled.slice(0, RECORDED_MAX).map(({ line, at }) => sampleOf(line, at, nowMs));
  return { samples, left: Math.max(0, filled.length - RECORDED_MAX) };
}

function sampleOf(text: string, at: number, nowMs: number): Sample {
  const wrong = (why: string): never => {
    throw refused(
      `line ${at}: ${why}; a line is {"topic": "…", "payload": "…"}, with "payloadBase64" for bytes and "time", as mosquitto_sub -F %j writes it`,
    );
  };
  let line: Line | null = null;
  try {
    line = JSON.parse(text) as Line | null;
  } catch (error) {
    wrong(messageOf(error));
  }
  if (typeof line !== "object" || line === null || Array.isArray(line)) return wrong("no object");
  const { topic, clientId, contentType } = line;
  if (typeof topic !== "string" || topic === "" || /[+#\0]/.test(topic))
    return wrong("/topic is no topic that a device publishes on");
  if (line.payload === undefined && line.payloadBase64 === undefined)
    return wrong("neither payload nor payloadBase64 is there");
  const time = line.time ?? line.tst;
  const atMs = time === undefined ? nowMs : timeOf(time);
  if (atMs === null) return wrong("/time is neither epoch milliseconds nor ISO 8601 with a zone");
  return {
    topic,
    payload: payloadOf(line),
    clientId: typeof clientId === "string" ? clientId : "",
    ...(typeof contentType === "string" ? { contentType } : {}),
    atMs,
    at,
  };
}

function payloadOf({ payload, payloadBase64 }: Line): Buffer {
  if (typeof payloadBase64 === "string") return Buffer.from(payloadBase64, "base64");
  return Buffer.from(typeof payload === "string" ? payload : JSON.stringify(payload));
}

/** Mosquitto writes `2026-11-28T17:00:00.123456Z+0000`. */
function timeOf(time: unknown): number | null {
  if (typeof time === "number") return Number.isFinite(time) ? time : null;
  if (typeof time !== "string") return null;
  const zoned = time.replace(/Z([+-]\d\d):?(\d\d)$/, "$1:$2").replace(/([+-]\d\d)(\d\d)$/, "$1:$2");
  if (!/(?:Z|[+-]\d\d:\d\d)$/.test(zoned)) return null;
  const ms = Date.parse(zoned);
  return Number.isNaN(ms) ? null : ms;
}
