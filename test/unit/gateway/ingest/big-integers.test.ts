// Whole numbers beyond 2^53 - 1, and values too deep to be written, in every place that a mapping reads.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readingsOf, send } from "../../../support/mapped.ts";

const NANOSECONDS = 1_794_100_295_416_123_457n;
const NOW_MS = 1_794_100_295_500;

const table = (over: object) => [
  {
    name: "e",
    topic: "x/{device}",
    contract: "measurement",
    time: "arrival",
    fields: { value: { pointer: "/v" } },
    ...over,
  },
];

const sent = (text: string, over: object) =>
  send("x/d", text, { mappings: table(over), nowMs: NOW_MS });

describe("a time in nanoseconds as a JSON number", () => {
  const time = { pointer: "/ts", format: "epoch_ns" };

  test("is read by its digits, like the same time as text", () => {
    for (const ts of [String(NANOSECONDS), `"${NANOSECONDS}"`]) {
      const [reading] = readingsOf(sent(`{"ts":${ts},"v":1}`, { time }));
      expect(reading!.atMs).toBe(1_794_100_295_416);
    }
  });

  test("is refused with its unit where the mapping says another", () => {
    const wrong = { pointer: "/ts", format: "epoch_s" };
    expect(sent(`{"ts":${NANOSECONDS},"v":1}`, { time: wrong })).toMatchObject({
      reason: "unmappable",
      detail: `/ts: ${NANOSECONDS} looks like nanoseconds; the mapping says seconds (epoch_s)`,
    });
    const iso = { pointer: "/ts", format: "iso8601" };
    expect(sent(`{"ts":${NANOSECONDS},"v":1}`, { time: iso })).toMatchObject({
      detail: `/ts: ${NANOSECONDS} looks like nanoseconds; the mapping says iso8601`,
    });
  });
});

test("a whole number of any size is a number to a condition, and a word to a table of words", () => {
  const isNumber = { when: [{ pointer: "/n", type: "number" }] };
  expect(sent('{"v":1,"n":18446744073709551615}', isNumber)).toMatchObject({ kind: "reading" });
  const fields = { value: { pointer: "/v", as: { "18446744073709551615": -1 } } };
  const [reading] = readingsOf(sent('{"v":18446744073709551615}', { fields }));
  expect(reading!.payload).toMatchObject({ value: -1 });
});

test("a factor for a number that cannot be kept exactly is refused with the digits as the reason", () => {
  const fields = { value: { pointer: "/v", factor: 2 } };
  expect(sent('{"v":18446744073709551615}', { fields })).toMatchObject({
    reason: "unmappable",
    detail: '/value: the value at "/v" is a whole number with more digits than can be kept exactly',
  });
});

test("whatever is anywhere in a message, the outcome is readings or rejects", () => {
  const deep = `${"[".repeat(20_000)}${"]".repeat(20_000)}`;
  /** Short in a counterexample. */
  const DEEP = '"deep"';
  const odd = fc.oneof(
    fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }).map(String),
    fc.constantFrom(DEEP, '{"a":9007199254740993}', "[9007199254740993]", "1e400", '"\\ud800"'),
    fc.constantFrom("1", '"x"', "null", "true"),
  );
  const format = fc.constantFrom("epoch_s", "epoch_ms", "epoch_us", "epoch_ns", "iso8601");
  const conversion = fc.constantFrom({}, { as: "number" }, { as: { on: 1 } }, { factor: 2 });
  const invalid = fc.constantFrom("omit", "clamp", "refuse");
  const each = fc.constantFrom({}, { each: "/r" }, { each: "/m/k{sensor}" });
  const message = fc.record({ t: odd, v: odd, s: odd, w: odd });
  const run = (at: Record<"t" | "v" | "s" | "w", string>, over: object) => {
    const element = `{"t":${at.t},"v":${at.v},"s":${at.s}}`;
    const text = `{"t":${at.t},"v":${at.v},"s":${at.s},"w":${at.w},"r":[${element},${at.v}],"m":{"k1":${element},"k2":${at.w}}}`;
    return sent(text.replaceAll(DEEP, deep), over);
  };
  fc.assert(
    fc.property(message, format, conversion, invalid, each, (at, format, as, invalid, each) => {
      const over = {
        ...each,
        time: { pointer: "/t", format, fallback: "arrival" },
        when: [
          { pointer: "/w", type: ["number", "string", "array", "object", "null", "boolean"] },
          { pointer: "/zz", absent: true },
        ],
        fields: {
          value: { pointer: "/v", optional: true, invalid, ...as },
          sensor: { pointer: "/s", optional: true },
          quantity: "each" in each && each.each !== "/r" ? { level: "sensor" } : { constant: "q" },
        },
      };
      const admission = run(at, over);
      expect(["reading", "reject", "several"]).toContain(admission.kind);
      readingsOf(admission);
    }),
    { numRuns: 300 },
  );
});

test("a payload that is too deep to be read exactly is not said to be no JSON", () => {
  const deep = `${"[".repeat(20_000)}9007199254740993${"]".repeat(20_000)}`;
  expect(sent(`{"v":1,"deep":${deep}}`, {})).toMatchObject({
    reason: "undecodable",
    detail: "the payload is nested too deeply to be read exactly",
  });
});
