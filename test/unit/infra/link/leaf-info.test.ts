// Goal: the first line of a nats-server offers no compression over a link; all other bytes are as they were.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { LeafInfo } from "../../../../infra/link/leaf-info.ts";

/** What comes out for bytes that come in pieces of this size. */
function passed(text: string | Buffer, size: number): Buffer {
  const bytes = Buffer.from(text);
  const info = new LeafInfo();
  const out: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size)
    out.push(info.take(bytes.subarray(at, at + size)));
  return Buffer.concat(out);
}

test("however it is cut, INFO loses its compression, and what follows nothing", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200 }), fc.string(), (size, later) => {
      const line = 'INFO {"server_id":"N","compression":"s2_auto","cid":7}\r\n';
      const other = `INFO {"compression":"s2_auto"}\r\n${later}`;
      expect(passed(line + other, size).toString()).toBe(
        `INFO {"server_id":"N","cid":7}\r\n${other}`,
      );
    }),
  );
});

test.each([
  'INFO {"server_id":"N"}\r\nPING\r\n',
  "INFO {not json}\r\nPING\r\n",
  "INFO 7\r\nPING\r\n",
  "INFORM\r\n",
  "\x10\x0e\x00\x04MQTT",
  "I",
  "\r\n",
])("%j passes as it is", (text) => {
  for (const size of [1, 3, 1_000]) {
    const out = passed(text, size).toString();
    expect(text === "I" ? "" : text).toBe(out);
  }
});

test("a line without an end is passed on", () => {
  expect(passed(`INFO ${"x".repeat(70_000)}`, 10_000).length).toBe(70_005);
});
