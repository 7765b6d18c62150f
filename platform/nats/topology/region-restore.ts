// A stream from one nats-server into another, sequence numbers and store times included: JetStream's
// snapshot and restore API, which the client library does not wrap (nats-server, "Stream Snapshots";
// natscli's `stream backup` and `restore` speak the same).
import { type NatsConnection, nuid } from "nats";
import { AppError } from "../../runtime/errors.ts";
import { snapshotSubject } from "./crossings.ts";
import type { StreamSpec } from "./spec.ts";

const API = "$JS.API";
const CHUNK_BYTES = 128 * 1024;
const ANSWER_WITHIN_MS = 10_000;

interface ApiAnswer {
  readonly error?: { readonly description: string };
  readonly deliver_subject?: string;
  readonly config?: object;
  readonly state?: object;
}

export interface RestoreOptions {
  /** Told of the bytes of each piece that `to` has taken; pieces are compressed. */
  readonly received?: (bytes: number) => void;
  /** The JetStream API at `from`, where it is not that under the usual name. */
  readonly fromApi?: string;
}

/**
 * Makes the stream at `to` hold what it holds at `from`, under the configuration of `spec`.
 * @throws AppError `RESTORE_FAILED` if it is there already, or if a server refuses.
 */
export async function restoreStream(
  from: NatsConnection,
  to: NatsConnection,
  spec: StreamSpec,
  { received = () => undefined, fromApi = API }: RestoreOptions = {},
): Promise<void> {
  const deliver = `${snapshotSubject(spec.name)}.${nuid.next()}`;
  const chunks = from.subscribe(deliver);
  try {
    const request = { deliver_subject: deliver, no_consumers: true, chunk_size: CHUNK_BYTES };
    const snapshot = await ask(from, `${fromApi}.STREAM.SNAPSHOT.${spec.name}`, request);
    const restore = await ask(to, `${API}.STREAM.RESTORE.${spec.name}`, {
      config: spec,
      state: snapshot.state,
    });
    for await (const chunk of chunks) {
      if (chunk.headers?.hasError)
        throw failed(spec.name, `the snapshot broke off: ${chunk.headers.description}`);
      // Each chunk is answered before the next one is taken, so that nothing piles up.
      const answer = await to.request(restore.deliver_subject!, chunk.data, {
        timeout: ANSWER_WITHIN_MS,
      });
      chunk.respond();
      const text = answer.string();
      const { error } = text.startsWith("{") ? (JSON.parse(text) as ApiAnswer) : {};
      if (error) throw failed(spec.name, error.description);
      if (chunk.data.length === 0) return;
      received(chunk.data.length);
    }
    throw failed(spec.name, "the snapshot broke off");
  } finally {
    chunks.unsubscribe();
  }
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
