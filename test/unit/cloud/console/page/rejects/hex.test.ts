import { expect, test } from "vitest";

// The page is JavaScript as browsers run it, without types.
const path: string = "../../../../../../cloud/console/page/rejects/hex.js";
const { hexLines } = (await import(path)) as { hexLines: (base64: string) => string[] };

const base64 = (bytes: Iterable<number>): string => Buffer.from([...bytes]).toString("base64");

test("sixteen bytes a line, with what is readable beside them", () => {
  expect(hexLines(base64([0xff, 0xfe, 0x61, 0x62, 0x0a, ...Buffer.from("a longer text")]))).toEqual(
    [
      "00000000  ff fe 61 62 0a 61 20 6c 6f 6e 67 65 72 20 74 65  ··ab·a longer te",
      "00000010  78 74                                            xt",
    ],
  );
  expect(hexLines("")).toEqual([]);
});

test("of many bytes the first are shown, and the others counted", () => {
  const lines = hexLines(base64(new Uint8Array(5_096)));
  expect(lines).toHaveLength(257);
  expect(lines.at(-1)).toBe("… and 1,000 more bytes");
});
