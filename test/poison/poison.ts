// One kind of poison: something that nobody should send or store, and the place where it must be listed.
import type { IPublishPacket } from "mqtt-packet";
import type { Reject } from "../../contracts/messages/reject.ts";
import type { SetAsideRecord } from "../../contracts/messages/set-aside.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { publishOnce, publisherOn } from "../../platform/nats/client/publish.ts";
import { RawClient, publishPacket } from "../support/mqtt-client.ts";

/** What is listed anywhere at one moment. */
export interface Lists {
  readonly setAside: readonly (SetAsideRecord & { readonly domain: string })[];
  readonly rejects: readonly (Reject & { readonly domain: string })[];
  /** Open alerts of the region, `rule/key`, with what they say. */
  readonly alerts: ReadonlyMap<string, string>;
  /** Rules that wait for something, with what they lack. */
  readonly waiting: readonly string[];
  /** Losses that the lanes of the region have named. */
  readonly losses: readonly string[];
}

/** Says where a poison is listed, and why; null while it is not. */
export type Listed = (lists: Lists) => string | null;

export interface Poison {
  readonly name: string;
  /** Brings it in. The devices of a poison begin with its `id`, so that what is listed can be told apart. */
  readonly deliver: (into: Installation, id: string) => Promise<Listed>;
}

/** A running region, with its hub, and ways in that check nothing. */
export interface Installation {
  readonly region: string;
  readonly partitions: number;
  readonly mqttPort: number;
  readonly httpPort: number;
  readonly regionNats: NatsConnection;
  readonly hubNats: NatsConnection;
}

let stored = 0;

/** Writes bytes into a stream, as somebody would who has its credentials. @returns its place. */
export async function store(
  nats: NatsConnection,
  subject: string,
  data: string | Uint8Array,
): Promise<{ subject: string; data: Uint8Array }> {
  const bytes = typeof data === "string" ? Buffer.from(data) : data;
  const messageId = `poison:${subject}:${performance.now()}:${++stored}`;
  await publishOnce(publisherOn(nats), { subject, data: bytes, messageId });
  return { subject, data: bytes };
}

const line = (text: string): string => text.replaceAll(/\s+/g, " ").slice(0, 160);

/**
 * Set aside by all of these, each as `{domain} {by} {kind} {reason}`.
 * @param of the record: its subject, and its bytes where several are on one subject.
 */
export const setAsideBy =
  (of: { readonly subject: string; readonly data?: Uint8Array }, ...by: string[]): Listed =>
  ({ setAside }) => {
    const here = setAside.filter(
      ({ place, payload, bytes }) =>
        place.subject === of.subject &&
        (of.data === undefined ||
          (payload === null
            ? bytes === of.data.byteLength
            : payload === Buffer.from(of.data).toString("base64"))),
    );
    const wanted = here.filter((one) =>
      by.includes(`${one.domain} ${one.by} ${one.kind} ${one.reason}`),
    );
    const found = new Set(wanted.map((one) => `${one.domain} ${one.by} ${one.kind} ${one.reason}`));
    if (found.size < by.length) return null;
    return `${[...found].join(", ")}: ${line(wanted[0]!.detail)}`;
  };

/** A reject of a device, for this reason. */
export const rejectedAs =
  (reason: Reject["reason"], device: string | ((device: string) => boolean), at?: string): Listed =>
  ({ rejects }) => {
    const found = rejects.find(
      (one) =>
        one.reason === reason &&
        (at === undefined || one.domain === at) &&
        (typeof device === "string" ? one.device === device : device(one.device)),
    );
    return found ? `reject at ${found.domain}, ${reason}: ${line(found.detail)}` : null;
  };

const HARMLESS = "harmless: ";

/** Listed nowhere, because nothing is lost by it: lists pass it over, or its owner writes it anew. */
export const harmless =
  (why: string): Listed =>
  () =>
    `${HARMLESS}${why}`;

export const isHarmless = (listed: string | null): boolean => listed?.startsWith(HARMLESS) === true;

/** Whatever was seen when it was delivered: a connection that was closed, with the code. */
export const seen =
  (what: string): Listed =>
  () =>
    what;

/** Publishes at QoS 1 on a connection of its own, and waits for the answer; null if it was closed instead. */
export async function say(
  { mqttPort }: Pick<Installation, "mqttPort">,
  clientId: string,
  packet: Pick<IPublishPacket, "topic" | "payload" | "properties">,
): Promise<number | null> {
  using client = await RawClient.connect(mqttPort, { protocolVersion: 5, clientId });
  client.send(publishPacket(packet));
  const answer = await Promise.race([
    client
      .until<{ cmd: "puback"; reasonCode?: number }>(({ cmd }) => cmd === "puback")
      .catch((error: unknown) => {
        if (client.closed) return null;
        throw error;
      }),
    client.untilClosed().then(() => null),
  ]);
  return answer && (answer.reasonCode ?? 0);
}

const HTTP_WITHIN_MS = 20_000;

/** Posts to a device's address, or another one, and tells the answer. */
export async function post(
  { httpPort }: Installation,
  device: string,
  body: string | Buffer,
  headers: Readonly<Record<string, string>> = {},
  path = `/v1/devices/${device}/telemetry/machine`,
): Promise<{ status: number; text: string }> {
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${httpPort}${path}`, {
      ...{ method: "POST", body: body as string, signal: AbortSignal.timeout(HTTP_WITHIN_MS) },
      headers: { "content-type": "application/json", ...headers },
    });
    const text = await answer.text();
    // All that nobody logs in for is of one address, and its rate is one.
    if (answer.status !== 429) return { status: answer.status, text };
    const waitS = Number(answer.headers.get("retry-after"));
    await new Promise((resolve) => setTimeout(resolve, waitS * 1_000));
  }
}
