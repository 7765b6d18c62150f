// Records that were set aside in one domain: found, told, handled again, dropped.
import { printable } from "../../../platform/runtime/printable.ts";
import {
  type RetryAnswer,
  type SetAsideRecord,
  checkSetAside,
} from "../../../contracts/messages/set-aside.ts";
import {
  retrySetAsideSubject,
  setAsideStream,
  setAsideSubjects,
} from "../../../contracts/names/subjects.ts";
import type { NatsConnection } from "../../../platform/nats/client/connection.ts";
import { jsonOf } from "../../../platform/nats/client/payload.ts";
import { requestAll } from "../../../platform/nats/client/requests.ts";
import { readStored } from "../../../platform/nats/client/stream-reader.ts";
import { Streams } from "../../../platform/nats/client/streams.ts";
import { messageOf } from "../../../platform/runtime/errors.ts";
import { refused } from "../../../cloud/operations/refused.ts";
import { type FramesAgain, regionOfFrame } from "./frames-again.ts";
import { bytes, instant } from "../../../cloud/operations/words.ts";

const ANSWER_WITHIN_MS = 12_000;
const DETAIL_SHOWN_CHARS = 300;

export interface StoredRecord {
  readonly seq: number;
  readonly record: SetAsideRecord;
}

/** Everything that is set aside in a domain, oldest first. */
export async function recordsIn(nats: NatsConnection, domain: string): Promise<StoredRecord[]> {
  const stream = setAsideStream(domain);
  const subject = setAsideSubjects(domain);
  const streams = new Streams(nats);
  if (!(await streams.find(stream)))
    throw refused(`there is no stream ${stream} here: npx skerry topology apply, or another --at`);
  const newest = await streams.newest(stream, subject);
  const records: StoredRecord[] = [];
  if (!newest) return records;
  for await (const { seq, data } of readStored(nats, { stream, subject, from: 1 }, newest.seq)) {
    const record = readRecord(data);
    if (record) records.push({ seq, record });
  }
  return records;
}

function readRecord(data: Uint8Array): SetAsideRecord | null {
  try {
    return checkSetAside(jsonOf(data));
  } catch {
    return null;
  }
}

/** One line: sequence, when, who, what, why, where. */
export function lineOf({ seq, record }: StoredRecord): string {
  const { atMs, by, kind, reason, detail } = record;
  const why = printable(detail.replaceAll(/\s+/g, " ").slice(0, DETAIL_SHOWN_CHARS));
  return `${seq} ${instant(atMs)} ${by} ${kind} ${reason}: ${why}; ${placeText(record)}`;
}

function placeText({ place }: SetAsideRecord): string {
  const at = place.seq === undefined ? place.subject : `#${place.seq} (${place.subject})`;
  const part = place.part === undefined ? "" : `, part ${place.part}`;
  return printable(`${place.stream} ${at}${part}`);
}

/** Everything of a record, one property a line, then its bytes as text. */
export function describe({ seq, record }: StoredRecord): string[] {
  const { atMs, by, kind, reason, detail, payload } = record;
  const rows = [
    ["seq", String(seq)],
    ["set aside", instant(atMs)],
    ["by", by],
    ["kind", kind],
    ["reason", reason],
    ["detail", detail],
    ["place", placeText(record)],
    ["record", payload === null ? `${bytes(record.bytes)}, not copied` : bytes(record.bytes)],
  ] as const;
  const lines = rows.map(([name, value]) => `${name.padEnd(11)}${printable(value)}`);
  if (payload === null) return lines;
  return [...lines, "", printable(Buffer.from(payload, "base64").toString("utf8"))];
}

/** Has a record handled again by whoever set it aside, a frame by a gateway; one that is handled is no longer listed. */
export async function retryRecord(
  nats: NatsConnection,
  domain: string,
  { seq, record }: StoredRecord,
  frames: FramesAgain,
): Promise<RetryAnswer> {
  const region = regionOfFrame(record);
  if (region !== null) {
    const answer = await frames.retry(record, region);
    if (answer.outcome === "handled") await dropRecord(nats, domain, seq);
    return answer;
  }
  const subject = retrySetAsideSubject({ domain, by: record.by });
  const asked = Buffer.from(JSON.stringify(record));
  const all = frames.silent.has(subject) ? [] : await askAll(nats, subject, asked);
  if (all.length === 0) frames.silent.add(subject);
  const answers = all.filter(({ outcome }) => outcome !== "elsewhere");
  const still = answers.find(({ outcome }) => outcome === "still");
  if (still) return still;
  if (answers.length === 0) {
    const detail = `no ${record.by} of ${domain} that works on it answers`;
    return { outcome: "still", detail };
  }
  await dropRecord(nats, domain, seq);
  return { outcome: "handled", detail: "" };
}

async function askAll(
  nats: NatsConnection,
  subject: string,
  asked: Uint8Array,
): Promise<RetryAnswer[]> {
  try {
    const answers = await requestAll(nats, subject, asked, ANSWER_WITHIN_MS);
    return answers.map((data) => jsonOf<RetryAnswer>(data));
  } catch (error) {
    return [{ outcome: "still", detail: messageOf(error) }];
  }
}

/** Removes a record for good. False if it was not there. */
export const dropRecord = (nats: NatsConnection, domain: string, seq: number): Promise<boolean> =>
  new Streams(nats).remove(setAsideStream(domain), seq);
