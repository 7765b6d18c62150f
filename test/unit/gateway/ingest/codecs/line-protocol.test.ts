// Goal: line protocol is read as InfluxDB reads it, a bad line harms none beside it, and any bytes end in an answer.
// Method: the cases of its specification, and fast-check.
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  LineFault,
  linesOf,
  nanosecondsOf,
  parseLine,
} from "../../../../../gateway/ingest/codecs/line-protocol.ts";

const read = (line: string, unit = "ns") => {
  const point = parseLine(Buffer.from(line), nanosecondsOf(unit)!);
  if (point instanceof LineFault) return point.detail;
  const { measurement, tags, fields, timeNs } = point;
  return [measurement, Object.fromEntries(tags), Object.fromEntries(fields), timeNs];
};

test.each([
  ["m f=1", ["m", {}, { f: 1 }, null]],
  ["m,t=a f=1.5,g=-2e3,h=.5,i=5. 7", ["m", { t: "a" }, { f: 1.5, g: -2000, h: 0.5, i: 5 }, 7n]],
  ["m f=5i,g=6u,h=9007199254740993i 7", ["m", {}, { f: 5, g: 6, h: 9007199254740993n }, 7n]],
  ["m f=t,g=FALSE,h=True", ["m", {}, { f: true, g: false, h: true }, null]],
  ['m f="a \\"b\\" \\\\ c, d=e"', ["m", {}, { f: 'a "b" \\ c, d=e' }, null]],
  ["my\\ m,t\\,a=b\\ c f\\=g=1", ["my m", { "t,a": "b c" }, { "f=g": 1 }, null]],
  [
    "m,__proto__=a constructor=1",
    ["m", Object.fromEntries([["__proto__", "a"]]), { constructor: 1 }, null],
  ],
  ["m f=1 -5", ["m", {}, { f: 1 }, -5n]],
])("%s", (line, point) => {
  expect(read(line)).toEqual(point);
});

test("the unit of the time is that of precision", () => {
  expect(read("m f=1 5", "ms")).toContain(5_000_000n);
  expect(read("m f=1 5", "s")).toContain(5_000_000_000n);
  expect(nanosecondsOf("fortnight")).toBeUndefined();
  expect(nanosecondsOf("constructor")).toBeUndefined();
});

test.each([
  "",
  "m",
  "m ",
  "m f",
  "m f=",
  "m f=x",
  'm f="a',
  "m,t f=1",
  "m,t= f=1",
  ",t=a f=1",
  "m f=1 x",
  "m f=1 1.5",
  "m f=1,",
])("%j is no point, and why is said", (line) => {
  expect(typeof read(line)).toBe("string");
});

test("lines are cut outside of quotation marks, and numbered as they came", () => {
  const body = '# comment\nm f=1\r\n\nm f="a\nb"\nm f="never\nm f=2';
  expect(
    linesOf(Buffer.from(body), 10_000).map(({ number, bytes }) => [number, String(bytes)]),
  ).toEqual([
    [2, "m f=1"],
    [4, 'm f="a\nb"'],
    [6, 'm f="never'],
    [7, "m f=2"],
  ]);
});

test("any bytes end in points and faults, and soon", () => {
  const likely = fc
    .array(fc.constantFrom("m", ",", "=", " ", '"', "\\", "\n", "1", "i", "t", "#", "é"), {
      maxLength: 60,
    })
    .map((parts) => Buffer.from(parts.join("")));
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), likely), (body) => {
      for (const { bytes } of linesOf(Buffer.from(body), 10_000)) parseLine(bytes, 1n);
    }),
    { numRuns: 2_000 },
  );
  const sinceMs = performance.now();
  linesOf(Buffer.from('m f="\n'.repeat(100_000)), 1e6);
  expect(performance.now() - sinceMs).toBeLessThan(10_000);
});

test("a long body without quotation marks is looked at once", () => {
  const body = Buffer.from("a b=1\n".repeat(350_000));
  const from = process.cpuUsage();
  expect(linesOf(body, 1e6)).toHaveLength(350_000);
  expect(process.cpuUsage(from).user).toBeLessThan(4_000_000); // Each line anew: half a minute.
  expect(linesOf(body, 10_000)).toHaveLength(10_001);
});

test("a message of many lines is cut in the time of one look, with and without a quotation mark", () => {
  const sinceMs = performance.now();
  for (const line of ["a\n", "\r\n", 'm f="\n', "#\n"]) {
    const body = Buffer.alloc(4 * 1024 ** 2, line);
    linesOf(body, 1e7);
    linesOf(Buffer.concat([body, Buffer.from('"')]), 1e7);
  }
  expect(performance.now() - sinceMs).toBeLessThan(10_000);
  expect(linesOf(Buffer.alloc(4 * 1024 ** 2, "a\n"), 100).length).toBe(101);
});
