// A message that is sent again is one reject; equal messages are rejects of their own.
import { expect, test } from "vitest";
import type { Message } from "../../../../gateway/ingest/message.ts";
import { REJECTS_REMEMBERED, RecentRejects } from "../../../../gateway/ingest/recent-rejects.ts";

const message = (over: Partial<Message> = {}): Message => ({
  clientId: "c",
  topic: "t",
  payload: Buffer.from("x"),
  qos: 2,
  retain: false,
  messageId: 7,
  dup: false,
  traceparent: undefined,
  contentType: undefined,
  ...over,
});

function start() {
  const recent = new RecentRejects();
  const ids: (string | undefined)[] = [];
  const keep = (of: Message, part = "not_json") =>
    recent.keep(of, part, (id) => {
      ids.push(id);
      return Promise.resolve();
    });
  return { recent, ids, keep };
}

test("eight sendings of one message are one reject", async () => {
  const { ids, keep } = start();
  await keep(message());
  for (let n = 0; n < 7; n++) await keep(message({ dup: true }));
  expect(ids).toEqual([undefined]);
});

test("equal messages under one packet identifier, none marked as sent before, are as many rejects", async () => {
  const { ids, keep } = start();
  for (let n = 0; n < 200; n++) await keep(message({ qos: 1 }));
  expect(ids).toHaveLength(200);
});

test.each<[string, Partial<Message>]>([
  ["client", { clientId: "d" }],
  ["packet identifier", { messageId: 8 }],
  ["topic", { topic: "u" }],
  ["payload", { payload: Buffer.from("y") }],
  ["content type", { contentType: "application/cbor" }],
  ["QoS", { qos: 1 }],
])("another %s is another message", async (_, over) => {
  const { ids, keep } = start();
  await keep(message());
  await keep(message({ dup: true, ...over }));
  expect(ids).toHaveLength(2);
});

test("the reasons of one message are rejects of their own", async () => {
  const { ids, keep } = start();
  await keep(message(), "not_json");
  await keep(message(), "clock_ahead");
  await keep(message({ dup: true }), "clock_ahead");
  expect(ids).toHaveLength(2);
});

test("who sends again waits until the first is stored, and tries anew where that failed", async () => {
  const recent = new RecentRejects();
  let fail!: (error: Error) => void;
  const first = recent.keep(message(), "", () => new Promise((_, reject) => (fail = reject)));
  const again = recent.keep(message({ dup: true }), "", () =>
    Promise.reject(new Error("stored twice")),
  );
  expect(again).toBe(first);
  fail(new Error("stopping"));
  await expect(first).rejects.toThrow("stopping");
  let stored = false;
  await recent.keep(message({ dup: true }), "", () => {
    stored = true;
    return Promise.resolve();
  });
  expect(stored).toBe(true);
});

test("one that fails late does not make its packet identifier's next message forgotten", async () => {
  const recent = new RecentRejects();
  let fail!: (error: Error) => void;
  const first = recent.keep(message(), "", () => new Promise((_, reject) => (fail = reject)));
  const second = recent.keep(message(), "", () => Promise.resolve());
  fail(new Error("stopping"));
  await expect(first).rejects.toThrow("stopping");
  await second;
  const again = recent.keep(message({ dup: true }), "", () =>
    Promise.reject(new Error("stored twice")),
  );
  expect(again).toBe(second);
});

test("what a gateway that starts anew is sent again has one id however often it comes", async () => {
  const first = start();
  await first.keep(message({ dup: true }));
  const second = start();
  await second.keep(message({ dup: true }));
  expect(first.ids[0]).toMatch(/^again:/);
  expect(second.ids).toEqual(first.ids);
});

test("memory is bounded: the oldest are forgotten", async () => {
  const { ids, keep } = start();
  await keep(message());
  for (let n = 0; n < REJECTS_REMEMBERED; n++) await keep(message({ topic: `t${n}` }));
  await keep(message({ dup: true }));
  expect(ids).toHaveLength(REJECTS_REMEMBERED + 2);
});
