// What whoever has taken a region's nats-server over does to the copies there: streams of their own take the place of
// the mirrors, with the same messages under the same or higher numbers, and take whatever is published.
import type { NatsConnection } from "../../../platform/nats/client/connection.ts";
import { headersOf } from "../../../platform/nats/client/publish.ts";
import { SIGNATURE_HEADER } from "../../../platform/nats/signed/signature.ts";

/** Messages of a bucket's stream: a copy keeps what readers look at. */
const KEPT_HEADERS = ["KV-Operation", SIGNATURE_HEADER];

interface Info {
  readonly config: { readonly mirror?: object; readonly max_msgs_per_subject?: number };
  readonly state: { readonly last_seq: number };
}

interface Stored {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

const ask = async <T>(admin: NatsConnection, request: string, body: object = {}): Promise<T> => {
  const answer = await admin.request(`$JS.API.${request}`, JSON.stringify(body), {
    timeout: 10_000,
  });
  const said = answer.json<T & { error?: { description: string } }>();
  if (said.error) throw new Error(`${request}: ${said.error.description}`);
  return said;
};

const infoOf = (admin: NatsConnection, stream: string): Promise<Info> =>
  ask(admin, `STREAM.INFO.${stream}`);

/** The last sequence of a stream. */
export const lastOf = async (admin: NatsConnection, stream: string): Promise<number> =>
  (await infoOf(admin, stream)).state.last_seq;

export const isMirror = async (admin: NatsConnection, stream: string): Promise<boolean> =>
  (await infoOf(admin, stream)).config.mirror !== undefined;

async function storedIn(admin: NatsConnection, stream: string, lastSeq: number) {
  const stored: Stored[] = [];
  for (let seq = 1; seq <= lastSeq; seq++) {
    const answer = await admin.request(
      `$JS.API.DIRECT.GET.${stream}`,
      JSON.stringify({ seq, next_by_subj: ">" }),
    );
    const subject = answer.headers?.last("Nats-Subject") ?? "";
    if (subject === "") break;
    seq = Number(answer.headers!.last("Nats-Sequence"));
    const headers: Record<string, string> = {};
    for (const name of KEPT_HEADERS) {
      const text = answer.headers!.get(name);
      if (text !== "") headers[name] = text;
    }
    stored.push({ subject, data: answer.data, headers });
  }
  return stored;
}

/** Puts a stream in a mirror's place. @param filter the subjects that it takes. */
export async function takeOver(
  admin: NatsConnection,
  stream: string,
  filter: string,
): Promise<void> {
  const { config, state } = await infoOf(admin, stream);
  const stored = await storedIn(admin, stream, state.last_seq);
  await ask(admin, `STREAM.DELETE.${stream}`);
  const { max_msgs_per_subject } = config;
  await ask(admin, `STREAM.CREATE.${stream}`, {
    ...{ name: stream, subjects: [filter], storage: "file", retention: "limits" },
    ...{ allow_direct: true, max_msgs_per_subject },
  });
  for (const { subject, data, headers } of stored)
    await admin.jetstream().publish(subject, data, { headers: headersOf(headers) });
  await padTo(admin, stream, filter, state.last_seq);
}

/** Appends until a stream has so many numbers. */
export async function padTo(
  admin: NatsConnection,
  stream: string,
  filter: string,
  lastSeq: number,
): Promise<void> {
  const subject = filter.replace(/>$/, "padding");
  for (let at = await lastOf(admin, stream); at < lastSeq; at++)
    await admin.jetstream().publish(subject, "");
}

/** Removes the stream, so that the topology makes the mirror again. */
export const giveBack = (admin: NatsConnection, stream: string): Promise<unknown> =>
  ask(admin, `STREAM.DELETE.${stream}`);
