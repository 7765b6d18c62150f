// A reply is settled after it is stored and never before; what is no reply is left to others.
import { expect, test } from "vitest";
import type { Reply } from "../../../../contracts/messages/command.ts";
import { ReplyLog } from "../../../../gateway/commands/reply-log.ts";
import type { Refusal } from "../../../../gateway/ingest/message.ts";
import type { Publisher } from "../../../../platform/nats/client/publish.ts";
import { AppError } from "../../../../platform/runtime/errors.ts";
import { SetAsideInMemory } from "../../../support/set-aside.ts";

interface Sent {
  readonly subject: string;
  readonly reply: Reply;
  readonly id: string | undefined;
}

const AWAY = new AppError("NATS_UNAVAILABLE", "retry", "the store is away");

/** A log whose stream refuses as many times as it is told to. */
function start(refusals = 0, refusal = AWAY) {
  const sent: Sent[] = [];
  const order: string[] = [];
  const kept: string[] = [];
  const settled: (Refusal | null)[] = [];
  const stopping = new AbortController();
  let left = refusals;
  const publisher = {
    publish: (subject: string, data: Uint8Array, options: { msgID?: string }) => {
      sent.push({ subject, reply: JSON.parse(String(data)) as Reply, id: options.msgID });
      if (left-- > 0) return Promise.reject(refusal);
      order.push("stored");
      kept.push(Buffer.from(sent.at(-1)!.reply.payload, "base64").toString());
      return Promise.resolve({ duplicate: false });
    },
  } as unknown as Publisher;
  const setAside = new SetAsideInMemory();
  const log = new ReplyLog({
    publisher,
    region: "eu",
    setAside,
    clock: () => 5,
    signal: stopping.signal,
    onStored: ({ device, id }) => order.push(`closed ${device}/${id}`),
  });
  const take = (topic: string, payload = "x"): boolean =>
    log.take({ topic, payload: Buffer.from(payload) }, (refusal) => {
      order.push("settled");
      settled.push(refusal);
    });
  return { log, take, sent, settled, order, kept, setAside, stopping };
}

const turns = (ms = 0) => new Promise((resolve) => setTimeout(resolve, ms));

test("a reply that no stream takes is set aside, settled, and stops nothing", async () => {
  const tooLarge = new AppError("RECORD_REFUSED", "reject", "it is too large");
  const { take, setAside, settled, sent, kept } = start(1, tooLarge);
  take("devices/a/commands/1/reply", "first");
  take("devices/a/commands/1/reply", "second");
  await turns();
  expect(setAside.brief).toEqual(["reply refused: it is too large"]);
  expect([settled, sent.length, kept]).toEqual([[null, null], 2, ["second"]]);
});

test("stored, then closed, then settled", async () => {
  const { log, take, sent, settled, order } = start();
  expect(take("devices/a.b/commands/c 1/reply", "\u0000\u00ff")).toBe(true);
  expect([log.stored, settled]).toEqual([0, []]);
  await turns();
  expect(order).toEqual(["stored", "closed a.b/c 1", "settled"]);
  expect([log.stored, settled]).toEqual([1, [null]]);
  expect(sent[0]).toMatchObject({
    subject: "replies.eu.a=2Eb.c=201",
    reply: { device: "a.b", id: "c 1", region: "eu", receivedAtMs: 5, payload: "AMO/" },
  });
});

test("while the store refuses it is sent again under the same id, and never settled", async () => {
  const { take, sent, settled, stopping } = start(Infinity);
  take("devices/a/commands/c/reply");
  while (sent.length < 3) await turns(10);
  stopping.abort();
  await turns(50);
  expect(new Set(sent.map(({ id }) => id)).size).toBe(1);
  expect(settled).toEqual([]);
});

test("replies to one command are stored in the order they came, also after a failure", async () => {
  const { log, take, kept } = start(2);
  for (const payload of ["started", "half", "done"]) take("devices/a/commands/c/reply", payload);
  while (log.stored < 3) await turns(10);
  expect(kept).toEqual(["started", "half", "done"]);
});

test("the id tells device, command and payload apart", async () => {
  const { take, sent } = start();
  take("devices/a/commands/c/reply", "1");
  take("devices/a/commands/c/reply", "1");
  take("devices/a/commands/c/reply", "2");
  take("devices/a/commands/d/reply", "1");
  take("devices/b/commands/c/reply", "1");
  while (sent.length < 5) await turns();
  expect(new Set(sent.map(({ id }) => id)).size).toBe(4);
});

test.each([
  "devices/a/commands/c",
  "devices/a/telemetry/environment",
  "devices/a/commands/c/reply/x",
  `devices/a/commands/${"c".repeat(161)}/reply`,
  `devices/${"a".repeat(129)}/commands/c/reply`,
])("%s is no reply", (topic) => {
  const { take, sent } = start();
  expect(take(topic)).toBe(false);
  expect(sent).toEqual([]);
});
