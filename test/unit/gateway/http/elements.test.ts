// Goal: cutting a body loses nothing and ends, whatever it is. Method: JSON against JSON.parse, and any bytes.
import fc from "fast-check";
import { expect, test } from "vitest";
import { jsonElements, lineElements } from "../../../../gateway/http/elements.ts";

const cut = (text: string): string[] => jsonElements(Buffer.from(text), Infinity).map(String);

test("any array of JSON is cut into its elements, however it is spaced", () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), fc.constantFrom(0, 2), (values, space) => {
      const elements = cut(`\n ${JSON.stringify(values, null, space)} `);
      expect(elements.map((text) => JSON.parse(text) as unknown)).toEqual(
        JSON.parse(JSON.stringify(values)),
      );
    }),
  );
});

test.each([
  ["", []],
  [" ", []],
  ["[]", []],
  ['{"a":1}', ['{"a":1}']],
  ['\ufeff{"a":1}', ['{"a":1}']],
  ['[{"a":1},{bad},{"a":2}]', ['{"a":1}', "{bad}", '{"a":2}']],
  ['[{"a":"]},{"},{"a":2}]', ['{"a":"]},{"}', '{"a":2}']],
  ['[{"a":"\\"]"}]', ['{"a":"\\"]"}']],
  ["[1,,2]", ["1", "", "2"]],
  ["[1,]", ["1", ""]],
  ['[{"a":1},{"a":2', ['{"a":1}', '{"a":2']],
  ['[{"a":1}] rest', ['{"a":1}', "rest"]],
  ['[1,"never ends', ["1", '"never ends']],
  ["{", ["{"]],
])("%j", (text, elements) => {
  expect(cut(text)).toEqual(elements);
});

test("any bytes are cut, and every one that is no white space or separator is in an element", () => {
  const bytes = fc.uint8Array({ maxLength: 200 });
  const likely = fc
    .array(fc.constantFrom("[", "]", "{", "}", ",", '"', "\\", "1", " ", "\n"))
    .map((parts) => Buffer.from(parts.join("")));
  fc.assert(
    fc.property(fc.oneof(bytes, likely), (body) => {
      const buffer = Buffer.from(body);
      const elements = [...jsonElements(buffer, 1_000), ...lineElements(buffer, 1_000)];
      expect(elements.every(({ length }) => length <= buffer.length)).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test("lines are cut with either line end, and empty ones are none", () => {
  expect(lineElements(Buffer.from("a\r\nb\n\n c \n"), 3).map(String)).toEqual(["a", "b", "c"]);
});

test("two million brackets are cut in the time of one look", () => {
  const sinceMs = performance.now();
  expect(jsonElements(Buffer.alloc(2_000_000, "["), 1).length).toBe(1);
  expect(performance.now() - sinceMs).toBeLessThan(2_000);
});

test("a body of millions is cut no further than one element over what is taken", () => {
  expect(lineElements(Buffer.alloc(4_000_000, "1\n"), 100).length).toBe(101);
  expect(
    jsonElements(Buffer.concat([Buffer.from("["), Buffer.alloc(4_000_000, "1,")]), 100).length,
  ).toBe(101);
});
