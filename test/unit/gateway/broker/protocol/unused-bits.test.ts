import { expect, test } from "vitest";
import { clearUnusedBits } from "../../../../../gateway/broker/protocol/unused-bits.ts";

test.each([
  [
    "CONNECT with QoS and bit 0 of its flags",
    "14 0f 00064d5149736470 03 03 000a 0001 61",
    "10 0f 00064d5149736470 03 02 000a 0001 61",
  ],
  ["PUBREL that is sent again", "6a 02 0001", "62 02 0001"],
  ["SUBSCRIBE with DUP and RETAIN", "8b 06 0002 0001 71 00", "82 06 0002 0001 71 00"],
  ["UNSUBSCRIBE that is sent again", "aa 05 0002 0001 71", "a2 05 0002 0001 71"],
  ["PUBACK with all flags", "4f 02 0001", "40 02 0001"],
  ["PINGREQ", "c5 00", "c0 00"],
  ["PUBLISH, which uses all of them", "3d 05 0001 61 0001", "3d 05 0001 61 0001"],
  ["SUBSCRIBE of QoS 0, which there is not", "80 06 0002 0001 71 00", "80 06 0002 0001 71 00"],
  ["CONNECT that is cut in its name", "14 03 00 06 4d", "10 03 00 06 4d"],
  ["CONNECT that is cut in its name's length", "14 01 00", "10 01 00"],
])("%s", (_, before, after) => {
  const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");
  const bytes = hex(before);
  clearUnusedBits(bytes, { start: 0, body: 2, end: bytes.length });
  expect(bytes).toEqual(hex(after));
});
