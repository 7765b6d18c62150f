import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeReading } from "../../../../contracts/messages/frame.ts";
import type { Admission, Admitted } from "../../../../gateway/ingest/admission.ts";
import type { Recall } from "../../../../gateway/ingest/message.ts";
import {
  CHARS_MAX,
  type LastMessage,
  LastSeen,
  PREVIEW_BYTES,
  READING_CHARS_MAX,
  TOPICS_REMEMBERED,
} from "../../../../gateway/live/last-seen.ts";

const reading = (device: string, value: unknown, mapping?: string): Admitted => ({
  kind: "reading",
  partition: 0,
  encoded: encodeReading({
    ...{ device, contract: "room", version: 1, receivedAtMs: 5, traceparent: null },
    payload: JSON.stringify({ value }),
  }),
  ...(mapping === undefined ? {} : { from: { mapping, device, contract: "room" } }),
});
const reject: Admission = {
  ...{ kind: "reject", reason: "not_json", detail: "no", device: "d9", contract: null },
  version: null,
};

const send = (seen: LastSeen, topic: string, admission: Admission, payload = "payload"): void =>
  seen.add(
    { topic, payload: Buffer.from(payload), retain: false, device: undefined },
    7,
    admission,
  );

function readingsOf(seen: LastSeen, atMost = Infinity): string[] {
  const told: string[] = [];
  seen.takeReadings(atMost, (encoded) => told.push(encoded) > 0);
  return told;
}
function messagesOf(seen: LastSeen, atMost = Infinity): LastMessage[] {
  const told: LastMessage[] = [];
  seen.takeMessages(atMost, (message) => told.push({ ...message }) > 0);
  return told;
}

test("of each device the last reading is told, once, and of each topic the last message", () => {
  const seen = new LastSeen();
  send(seen, "t/a", reading("a", 1));
  send(seen, "t/b", reading("b", 2));
  send(seen, "t/a", reading("a", 3));
  expect(messagesOf(seen)).toMatchObject([
    { topic: "t/a", count: 2, lastMs: 7, refused: null },
    { topic: "t/b", count: 1 },
  ]);
  expect(readingsOf(seen)).toEqual([reading("a", 3).encoded, reading("b", 2).encoded]);
  expect(readingsOf(seen)).toEqual([]);
  expect(messagesOf(seen)).toEqual([]);
  expect(seen.readings).toBe(3);
});

test("what finds no place waits, and is told before what came later", () => {
  const seen = new LastSeen();
  for (const device of ["a", "b", "c"]) send(seen, `t/${device}`, reading(device, 1));
  expect(readingsOf(seen, 1)).toEqual([reading("a", 1).encoded]);
  send(seen, "t/a", reading("a", 2));
  send(seen, "t/b", reading("b", 2));
  expect(seen.takeReadings(1, () => false)).toBe(3);
  expect(readingsOf(seen)).toEqual(
    [reading("b", 2), reading("c", 1), reading("a", 2)].map(({ encoded }) => encoded),
  );
});

test("a topic that is told after its reading still shows it", () => {
  const seen = new LastSeen();
  send(seen, "t/a", reading("a", 1));
  expect(readingsOf(seen)).toHaveLength(1);
  const shown: unknown[] = [];
  seen.takeMessages(1, (message) => shown.push(message.reading!.encoded) > 0);
  expect(shown).toEqual([reading("a", 1).encoded]);
});

test("devices behind one topic of a mapping are told each, however the last message was", () => {
  const seen = new LastSeen();
  send(seen, "site/all", reading("a", 1, "all"));
  send(seen, "site/all", reading("b", 1, "all"), "x".repeat(1_000));
  expect(messagesOf(seen)).toMatchObject([{ device: "b", mapping: "all", refused: null }]);
  const several: Admission = {
    ...{ kind: "several", readings: [reading("a", 2, "all")], rejects: [reject], refused: 1 },
  };
  send(seen, "site/all", several);
  expect(readingsOf(seen)).toEqual([reading("a", 2).encoded, reading("b", 1).encoded]);
  send(seen, "site/all", reject, "x".repeat(1_000));
  const [last] = messagesOf(seen);
  expect(last).toMatchObject({ count: 4, refused: "not_json", device: "d9" });
  expect(last!.payload).toHaveLength(PREVIEW_BYTES);
});

test("topics and readings are bounded, and so is the text that waits", () => {
  const seen = new LastSeen();
  for (let n = 0; n < TOPICS_REMEMBERED + 50; n++) {
    send(seen, `t/${n}`, reading(`d${n}`, n));
    send(seen, "m", reading(`m${n}`, n, "map"));
  }
  expect(messagesOf(seen).length).toBe(TOPICS_REMEMBERED);
  expect(readingsOf(seen).length).toBeLessThanOrEqual(TOPICS_REMEMBERED);
  const long = "x".repeat(READING_CHARS_MAX - 100);
  for (let n = 0; n < 4_000; n++) send(seen, `t/${n}`, reading(`d${n}`, long));
  const chars = readingsOf(seen).reduce((sum, text) => sum + text.length, 0);
  expect(chars).toBeLessThanOrEqual(CHARS_MAX);
  expect(chars).toBeGreaterThan(CHARS_MAX / 2);
  send(seen, "t/1", reading("d1", "x".repeat(READING_CHARS_MAX)));
  expect(readingsOf(seen)).toEqual([]);
  send(seen, "t/1", reading("d1", 1));
  expect(readingsOf(seen)).toHaveLength(1);
});

test("a connection that recalls its topic is told of as one that does not, whatever it sends", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          connection: fc.nat(2),
          topic: fc.constantFrom("t/a", "t/b", "t/c"),
          value: fc.nat(9),
          ends: fc.boolean(),
        }),
        { maxLength: 60 },
      ),
      (sent) => {
        const [plain, recalling] = [new LastSeen(), new LastSeen()];
        const recalls: Recall[] = [{ of: null }, { of: null }, { of: null }];
        for (const { connection, topic, value, ends } of sent) {
          const message = { topic, payload: Buffer.from("p"), retain: false, device: undefined };
          const admission = value === 0 ? reject : reading(topic.slice(2), value);
          plain.add(message, value, admission);
          // Another string of the same text, as each packet brings one.
          const same = Buffer.from(topic).toString();
          recalling.add({ ...message, topic: same, recall: recalls[connection] }, value, admission);
          if (!ends) continue;
          recalls[connection] = { of: null };
          expect(messagesOf(recalling)).toEqual(messagesOf(plain));
          expect(readingsOf(recalling)).toEqual(readingsOf(plain));
        }
        expect(messagesOf(recalling)).toEqual(messagesOf(plain));
      },
    ),
  );
});

test("a connection's topic that made room for others is remembered anew", () => {
  const seen = new LastSeen();
  const recall: Recall = { of: null };
  const message = { topic: "t/a", payload: Buffer.from("p"), retain: false, device: undefined };
  seen.add({ ...message, recall }, 1, reading("a", 1));
  for (let at = 0; at < TOPICS_REMEMBERED; at++) send(seen, `other/${at}`, reading(`d${at}`, 1));
  messagesOf(seen);
  readingsOf(seen);
  seen.add({ ...message, recall }, 2, reading("a", 2));
  expect(messagesOf(seen)).toMatchObject([{ topic: "t/a", count: 1, lastMs: 2 }]);
  expect(readingsOf(seen)).toEqual([reading("a", 2).encoded]);
});

test("what made no reading on purpose is told as that, until the topic has a reading or a refusal", () => {
  const seen = new LastSeen();
  const message = {
    ...{ topic: "chat/hall", payload: Buffer.from("hello"), retain: false, device: undefined },
    principal: "lamp-1",
  };
  seen.passed(message, 7, "relayed");
  expect(messagesOf(seen)).toMatchObject([
    { topic: "chat/hall", count: 1, device: "lamp-1", passed: "relayed", refused: null },
  ]);
  expect(readingsOf(seen)).toEqual([]);
  send(seen, "chat/hall", reject);
  expect(messagesOf(seen)).toMatchObject([{ passed: null, refused: "not_json" }]);
  seen.passed(message, 8, "ignored");
  seen.refused(message, 9, "not_authorized");
  expect(messagesOf(seen)).toMatchObject([{ count: 4, passed: null, refused: "not_authorized" }]);
});
