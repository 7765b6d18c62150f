import fc from "fast-check";
import { expect, test } from "vitest";
import { parsePointer, valueAt } from "../../../../gateway/ingest/json-pointer.ts";

test("JSON Pointer: the examples of RFC 6901, section 5", () => {
  const document = JSON.parse(
    '{"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\\\j":5,"k\\"l":6," ":7,"m~n":8}',
  ) as unknown;
  const cases: [string, unknown][] = [
    ["", document],
    ["/foo", ["bar", "baz"]],
    ["/foo/0", "bar"],
    ["/", 0],
    ["/a~1b", 1],
    ["/c%d", 2],
    ["/e^f", 3],
    ["/g|h", 4],
    ["/i\\j", 5],
    ['/k"l', 6],
    ["/ ", 7],
    ["/m~0n", 8],
    ["/foo/-", undefined],
    ["/foo/01", undefined],
    ["/foo/2", undefined],
    ["/foo/length", undefined],
    ["/constructor", undefined],
    ["/foo/0/0", undefined],
  ];
  for (const [pointer, value] of cases)
    expect(valueAt(document, parsePointer(pointer)), pointer).toEqual(value);
  expect(parsePointer("/~01")).toEqual(["~1"]);
});

test("JSON Pointer: every member of every value is found under its escaped name", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (object) => {
      for (const [key, value] of Object.entries(object)) {
        const pointer = `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
        expect(valueAt(object, parsePointer(pointer))).toBe(value);
      }
    }),
  );
});
