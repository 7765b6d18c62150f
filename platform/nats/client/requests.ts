// A question to whoever listens to a subject, and its answer.
import type { NatsConnection } from "nats";
import { translated } from "./errors.ts";

/** @throws AppError `NATS_UNAVAILABLE` (retry); errors.ts tells "nobody listens" from "no answer". */
export async function request(
  connection: NatsConnection,
  subject: string,
  data: Uint8Array,
  withinMs: number,
): Promise<Uint8Array> {
  const answer = await translated(connection.request(subject, data, { timeout: withinMs }));
  return answer.data;
}

export interface Request {
  readonly data: Uint8Array;
  readonly answer: (data: Uint8Array) => void;
}

/** Requests as they come, each to one member of the queue group, until `signal` aborts. */
export async function* requestsTo(
  connection: NatsConnection,
  { subject, queue }: { readonly subject: string; readonly queue: string },
  signal: AbortSignal,
): AsyncGenerator<Request, void, void> {
  const subscription = connection.subscribe(subject, { queue });
  const stop = (): void => subscription.unsubscribe();
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  try {
    for await (const message of subscription)
      yield { data: message.data, answer: (data) => message.respond(data) };
  } finally {
    signal.removeEventListener("abort", stop);
    if (!signal.aborted) stop(); // The reader wants no more.
  }
}
