import { Events, type Msg, type MsgHdrs } from "nats";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { NatsConnection } from "../../../../../platform/nats/client/connection.ts";
import { StreamPublisher } from "../../../../../platform/nats/client/stream-publisher.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

interface Sent {
  readonly reply: string;
  readonly id: string;
}

/** A connection whose server answers what it is told to, when it is told to. */
function connectionOf() {
  const sent: Sent[] = [];
  let hear: (error: null, message: Msg) => void = () => undefined;
  let reconnected: () => void = () => undefined;
  const status = async function* () {
    for (;;) {
      await new Promise<void>((resolve) => (reconnected = resolve));
      yield { type: Events.Reconnect, data: "" };
    }
  };
  const connection = {
    subscribe: (_: string, options: { callback: typeof hear }) => {
      hear = options.callback;
      return { unsubscribe: () => undefined };
    },
    publish: (_: string, __: Uint8Array, options: { reply: string; headers: MsgHdrs }) =>
      void sent.push({ reply: options.reply, id: options.headers.get("Nats-Msg-Id") }),
    isClosed: () => false,
    status,
  } as unknown as NatsConnection;
  return {
    ...{ connection, sent },
    answer: ({ reply }: Sent, ack: object) =>
      hear(null, { subject: reply, json: () => ack } as unknown as Msg),
    reconnect: () => reconnected(),
  };
}

const message = { subject: "telemetry.eu.0", data: Buffer.from("x"), messageId: "a" };

test("what a server that stops has taken is sent again soon under its id, and to be there already is success", async () => {
  const { connection, sent, answer } = connectionOf();
  using publisher = new StreamPublisher(connection);
  const stored = publisher.publish(message);
  await vi.advanceTimersByTimeAsync(600);
  expect(sent.map(({ id }) => id)).toEqual(["a", "a"]);
  answer(sent[1]!, { duplicate: true });
  expect(await stored).toEqual({ duplicate: false });
});

test("after a reconnect it is sent again at once, and a first answer is what it says", async () => {
  const { connection, sent, answer, reconnect } = connectionOf();
  using publisher = new StreamPublisher(connection);
  const first = publisher.publish(message);
  answer(sent[0]!, { duplicate: true });
  expect(await first).toEqual({ duplicate: true });
  const second = publisher.publish({ ...message, messageId: "b" });
  reconnect();
  await vi.advanceTimersByTimeAsync(0);
  expect(sent.map(({ id }) => id)).toEqual(["a", "b", "b"]);
  answer(sent[1]!, { duplicate: false });
  expect(await second).toEqual({ duplicate: false });
});

test("it is sent twice at most, and ends with its timeout", async () => {
  const { connection, sent } = connectionOf();
  using publisher = new StreamPublisher(connection);
  const ended = expect(publisher.publish(message)).rejects.toThrow(/no answer within 2000 ms/);
  await vi.advanceTimersByTimeAsync(2_200);
  await ended;
  expect(sent).toHaveLength(2);
});
