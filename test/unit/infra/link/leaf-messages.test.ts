// Goal: what a nats-server writes is cut into its messages wherever the network cuts it, and nothing is lost of what is none.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { type LeafMessage, LeafMessages } from "../../../../infra/link/leaf-messages.ts";

const message = (verb: string, payload: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`${verb} ${payload.length}\r\n`), payload, Buffer.from("\r\n")]);

const word = fc.stringMatching(/^[a-zA-Z0-9_.$>*-]{1,20}$/);
const payload = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
const said = fc.oneof(
  fc
    .constantFrom("PING\r\n", "PONG\r\n", "LS+ telemetry.> \r\n", "LS- a.b q 1\r\n")
    .map((line) => ({
      bytes: Buffer.from(line),
      subject: null,
    })),
  fc
    .tuple(word, payload)
    .map(([subject, body]) => ({ subject, bytes: message(`LMSG ${subject}`, body) })),
  fc.tuple(word, word, payload).map(([subject, reply, body]) => ({
    subject,
    bytes: message(`LMSG ${subject} ${reply}`, body),
  })),
  fc.tuple(word, word, word, payload).map(([subject, reply, queue, body]) => ({
    subject,
    bytes: message(`LMSG ${subject} + ${reply} ${queue}`, body),
  })),
  fc
    .tuple(word, payload)
    .map(([subject, body]) => ({ subject, bytes: message(`HMSG ${subject} 0`, body) })),
);

/** The bytes in pieces that end at these places. */
function cutAt(bytes: Buffer, ends: readonly number[]): Buffer[] {
  const places = [
    0,
    ...ends.map((end) => end % (bytes.length + 1)).sort((a, b) => a - b),
    bytes.length,
  ];
  return places.slice(1).map((end, at) => bytes.subarray(places[at], end));
}

const all = (reader: LeafMessages, chunks: readonly Buffer[]): LeafMessage[] =>
  chunks.flatMap((chunk) => reader.take(chunk));

test("messages come out as they went in, wherever they are cut", () => {
  fc.assert(
    fc.property(
      fc.array(said, { maxLength: 20 }),
      fc.array(fc.nat(), { maxLength: 40 }),
      (messages, ends) => {
        const bytes = Buffer.concat(messages.map((one) => one.bytes));
        const found = all(new LeafMessages(), cutAt(bytes, ends));
        expect(found.map(({ subject }) => subject)).toEqual(messages.map(({ subject }) => subject));
        expect(found.map((one) => one.bytes.toString("latin1"))).toEqual(
          messages.map((one) => one.bytes.toString("latin1")),
        );
      },
    ),
    { numRuns: 300 },
  );
});

test("what is no message passes as it is, from there on and byte for byte", () => {
  fc.assert(
    fc.property(
      fc.array(said, { maxLength: 5 }),
      fc.constantFrom(
        "\x16\x03\x01 TLS",
        "LMSG a b\r\n",
        "LMSG a 99999999999\r\n",
        "HELLO\r\n",
        "\r\n",
      ),
      fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 8 }),
      (messages, stranger, later) => {
        const before = messages.map((one) => one.bytes);
        const chunks = [
          ...before,
          Buffer.from(`${stranger}\r\n`, "latin1"),
          ...later.map((one) => Buffer.from(one)),
        ];
        const reader = new LeafMessages();
        const found = all(reader, chunks);
        expect(reader.isUnreadable).toBe(true);
        expect(Buffer.concat(found.map((one) => one.bytes)).equals(Buffer.concat(chunks))).toBe(
          true,
        );
        expect(found.slice(messages.length).every(({ subject }) => subject === null)).toBe(true);
      },
    ),
    { numRuns: 200 },
  );
});

test("a line without an end is not kept for ever", () => {
  const reader = new LeafMessages();
  expect(reader.take(Buffer.from(`INFO ${"x".repeat(60_000)}`))).toEqual([]);
  expect(all(reader, [Buffer.alloc(10_000, "x")])).toHaveLength(1);
  expect(reader.isUnreadable).toBe(true);
});
