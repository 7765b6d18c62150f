import fc from "fast-check";
import { expect, test } from "vitest";
import { parseConfigFile } from "../../../../../platform/runtime/config-file/parse.ts";

const rawOf = (text: string): string | undefined => parseConfigFile(text).entries[0]?.raw;

test.each([
  ["a: {k: text}", "text"],
  ["a: {k: 'quoted: text'}", "quoted: text"],
  ["a: {k: 5000}", "5000"],
  ["a: {k: 012345}", "012345"],
  ["a: {k: 1e3}", "1e3"],
  ["a: {k: true}", "true"],
  ["a: {k: 10m}", "10m"],
  ["a: {k: [eu, us]}", "eu,us"],
  ["a:\n  k:\n    - 1\n    - x", "1,x"],
  ["a:\n  k:", ""],
  ["a: {k: ~}", ""],
  ["b: &x eu\na: {k: *x}", "eu"],
])("a value is taken as it is written: %s", (text, raw) => expect(rawOf(text)).toBe(raw));

test("each value knows its line", () => {
  const { entries } = parseConfigFile("# note\ngateway:\n  region: eu\n\n  mqtt-port: 1883\n");
  expect(entries.map(({ key, line }) => [key, line])).toEqual([
    ["region", 3],
    ["mqtt-port", 5],
  ]);
});

test.each([
  ["gateway:\n  a: 1\n  a: 2\n", 3, /^this is no YAML: Map keys must be unique/],
  ["gateway:\n  a: [1\n", 3, /^this is no YAML/],
  ["- gateway\n", 1, /^must be sections of keys/],
  ["gateway: eu\n", 1, /^gateway must hold keys of its own/],
  ["\ngateway:\n  limits:\n    a: 1\n", 3, /^gateway.limits must be one value, or a list/],
  ["gateway:\n  a: ['x,y']\n", 2, /^gateway.a must be one value, or a list/],
])("a file that cannot be used says where: %j", (text, line, what) => {
  const { problems } = parseConfigFile(text);
  expect(problems).toEqual([{ line, what: expect.stringMatching(what) as string }]);
});

test.each(["", "# nothing\n", "gateway:\n"])("nothing in it is nothing wrong: %j", (text) =>
  expect(parseConfigFile(text)).toMatchObject({ entries: [], problems: [] }),
);

test("no text is too strange to be judged", () =>
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 60 }), (text) => {
      expect(() => parseConfigFile(text)).not.toThrow();
      expect(() => parseConfigFile(`gateway:\n  a: ${text}`)).not.toThrow();
    }),
  ));

test("a file that multiplies itself is refused at once", () => {
  const lines = Array.from({ length: 30 }, (_, at) => `k${at + 1}: &k${at + 1} [*k${at}, *k${at}]`);
  const { problems } = parseConfigFile(`k0: &k0 [x, x]\n${lines.join("\n")}\na: {k: *k30}\n`);
  expect(problems.length).toBeGreaterThan(0);
});
