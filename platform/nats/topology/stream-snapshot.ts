// JetStream's snapshot and restore API, which the client library does not wrap (nats-server, "Stream Snapshots";
// natscli's `stream backup` and `restore` speak the same): a stream with its sequence numbers, store times and headers,
// as it was at one moment, while it goes on.
import { type NatsConnection, type StreamConfig, type StreamState, nuid } from "nats";
import { AppError } from "../../runtime/errors.ts";
import { snapshotSubject } from "./crossings.ts";
import type { StreamSpec } from "./spec.ts";
import { administered } from "./places.ts";

const API = "$JS.API";
const CHUNK_BYTES = 128 * 1024;
const ANSWER_WITHIN_MS = 10_000;

interface ApiAnswer {
  readonly error?: { readonly description: string };
  readonly deliver_subject?: string;
  readonly config?: StreamConfig;
  readonly state?: StreamState;
}

export interface Snapshot {
  readonly config: StreamConfig;
  readonly state: StreamState;
  /** The pieces in order, compressed; each is asked for when the one before is done with. */
  readonly chunks: AsyncIterable<Uint8Array>;
}

/**
 * Takes a stream as it is now, without its consumers.
 * @param api the JetStream API at `from`, where it is not that under the usual name.
 * @throws AppError `RESTORE_FAILED` if the server refuses.
 */
export async function snapshotStream(
  from: NatsConnection,
  name: string,
  api = API,
): Promise<Snapshot> {
  const deliver = `${snapshotSubject(name)}.${nuid.next()}`;
  const messages = from.subscribe(deliver);
  try {
    const request = { deliver_subject: deliver, no_consumers: true, chunk_size: CHUNK_BYTES };
    const answer = await ask(from, `${api}.STREAM.SNAPSHOT.${name}`, request);
    const chunks = async function* (): AsyncGenerator<Uint8Array, void, void> {
      try {
        for await (const chunk of messages) {
          if (chunk.headers?.hasError)
            throw failed(name, `the snapshot broke off: ${chunk.headers.description}`);
          if (chunk.data.length === 0) return;
          yield chunk.data;
          chunk.respond();
        }
        throw failed(name, "the snapshot broke off");
      } finally {
        messages.unsubscribe();
      }
    };
    return { config: answer.config!, state: answer.state!, chunks: chunks() };
  } catch (error) {
    messages.unsubscribe();
    throw error;
  }
}

/**
 * Makes a stream hold what a snapshot holds, under another configuration if one is given.
 * @param received told of the bytes of each piece that `to` has taken; pieces are compressed.
 * @throws AppError `RESTORE_FAILED` if it is there already, or if the server refuses.
 */
export async function restoreSnapshot(
  to: NatsConnection,
  config: StreamSpec,
  { state, chunks }: Pick<Snapshot, "state" | "chunks">,
  received: (bytes: number) => void = () => undefined,
): Promise<void> {
  const { name } = config;
  const restore = await ask(to, `${API}.STREAM.RESTORE.${name}`, { config, state });
  // Each chunk is answered before the next one is taken, so that nothing piles up.
  const put = async (data: Uint8Array): Promise<void> => {
    const answer = await to.request(restore.deliver_subject!, data, { timeout: ANSWER_WITHIN_MS });
    const text = answer.string();
    const { error } = text.startsWith("{") ? (JSON.parse(text) as ApiAnswer) : {};
    if (error) throw failed(name, error.description);
  };
  for await (const data of chunks) {
    await put(data);
    received(data.length);
  }
  await put(new Uint8Array());
}

/** Deletes a stream with all that it holds. */
export async function deleteStream(connection: NatsConnection, name: string): Promise<void> {
  await (await administered(connection)).streams.delete(name);
}

async function ask(connection: NatsConnection, subject: string, body: object): Promise<ApiAnswer> {
  const options = { timeout: ANSWER_WITHIN_MS };
  const answer = (
    await connection.request(subject, JSON.stringify(body), options)
  ).json<ApiAnswer>();
  if (answer.error) throw failed(subject.split(".").at(-1)!, answer.error.description);
  return answer;
}

const failed = (stream: string, why: string): AppError =>
  new AppError("RESTORE_FAILED", "fatal", `stream ${stream}: ${why}`);
