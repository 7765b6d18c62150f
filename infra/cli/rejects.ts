import type { NatsConnection } from "nats";
import type { Reject } from "../../contracts/reject.ts";
import { rejectSubjects, rejectsStream } from "../../contracts/subjects.ts";
import { connectNats } from "../nats/connect.ts";
import { readSlice } from "../nats/lane-source.ts";
import { makeLogger } from "../runtime/logger.ts";

const CONNECT_WITHIN_MS = 5_000;
const PAYLOAD_SHOWN_CHARS = 120;

/** The newest rejects of a region, oldest first, as lines: sequence, time, reason, topic, detail, payload. */
export async function listRejects(url: string, region: string, limit: number): Promise<string[]> {
  const logger = makeLogger({}, "silent");
  const soon = AbortSignal.timeout(CONNECT_WITHIN_MS);
  const connection = await connectNats({ url, name: "skerry rejects" }, logger, soon);
  try {
    const rejects = await newest(connection, region, limit);
    return rejects.map(([seq, reject]) => describe(seq, reject));
  } finally {
    await connection.close();
  }
}

async function newest(
  connection: NatsConnection,
  region: string,
  limit: number,
): Promise<[number, Reject][]> {
  const { streams } = await connection.jetstreamManager();
  const { state } = await streams.info(rejectsStream(region));
  if (state.messages === 0) return [];
  const slice = {
    stream: rejectsStream(region),
    subject: rejectSubjects(region),
    from: Math.max(state.first_seq, state.last_seq - limit + 1),
  };
  const rejects: [number, Reject][] = [];
  const enough = new AbortController();
  for await (const { seq, data } of readSlice(
    connection,
    slice,
    makeLogger({}, "silent"),
    enough.signal,
  )) {
    rejects.push([seq, JSON.parse(Buffer.from(data).toString("utf8")) as Reject]);
    if (seq >= state.last_seq) break;
  }
  enough.abort();
  return rejects;
}

function describe(seq: number, reject: Reject): string {
  const payload = Buffer.from(reject.payload, "base64").toString("utf8");
  const shown = JSON.stringify(payload.slice(0, PAYLOAD_SHOWN_CHARS));
  const at = new Date(reject.receivedAtMs).toISOString();
  return `${seq} ${at} ${reject.reason} ${reject.topic} (${reject.clientId}): ${reject.detail}; ${shown}`;
}
