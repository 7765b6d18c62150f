// A question to whoever listens to a subject, and its answer.
import { type NatsConnection, RequestStrategy } from "nats";
import { isNoResponders, translated } from "./errors.ts";

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

/** The others that listen answer within this time after the first, or are not waited for. */
const OTHERS_WITHIN_MS = 500;

/** The answers of all that listen to a subject; none if nobody does. @throws as `request`. */
export async function requestAll(
  connection: NatsConnection,
  subject: string,
  data: Uint8Array,
  withinMs: number,
): Promise<Uint8Array[]> {
  const answers: Uint8Array[] = [];
  const strategy = RequestStrategy.JitterTimer;
  const options = { strategy, maxWait: withinMs, jitter: OTHERS_WITHIN_MS };
  const all = async (): Promise<void> => {
    for await (const message of await connection.requestMany(subject, data, options))
      answers.push(message.data);
  };
  try {
    await translated(all());
  } catch (error) {
    if (!isNoResponders(error)) throw error;
  }
  return answers;
}

export interface Request {
  readonly data: Uint8Array;
  readonly answer: (data: Uint8Array) => void;
}

/** Requests as they come, each to one member of the queue group if there is one, until `signal` aborts. */
export async function* requestsTo(
  connection: NatsConnection,
  { subject, queue }: { readonly subject: string; readonly queue?: string },
  signal: AbortSignal,
): AsyncGenerator<Request, void, void> {
  const subscription = connection.subscribe(subject, queue === undefined ? {} : { queue });
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
