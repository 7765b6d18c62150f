import fc from "fast-check";
import { expect, test } from "vitest";
import { parseExactly } from "../../../../../gateway/ingest/codecs/exact-json.ts";

test("a whole number comes out as it went in, whatever its size", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }), (number) => {
      const parsed = (parseExactly(`{"a":[${number}]}`) as { a: [number | bigint] }).a[0];
      if (typeof parsed === "bigint") expect(parsed).toBe(number);
      // Written by JavaScript again it has the same digits, or it is the very number.
      else expect(BigInt(parsed) === number || sameDigits(parsed, number)).toBe(true);
    }),
    { numRuns: 1_000 },
  );
});

const sameDigits = (parsed: number, number: bigint): boolean => {
  const digits = (text: string): string => text.replace(/e.*|[.-]/g, "").replace(/0+$/, "");
  return Number(number) === parsed && digits(String(parsed)) === digits(String(number));
};

test("neighbours beyond 2^53 stay apart; what a number gives back stays a number", () => {
  expect(parseExactly("[9007199254740991,9007199254740992,9007199254740993]")).toEqual([
    9007199254740991,
    9007199254740992,
    9007199254740993n,
  ]);
  // As JavaScript writes doubles.
  const doubles = [2 ** 60, 1.2345678901234567e20, -1e22, 0.1234567890123456, 1e300];
  expect(parseExactly(JSON.stringify(doubles))).toEqual(doubles);
});

test("everything else is as JSON.parse has it", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = JSON.stringify(value);
      expect(parseExactly(text)).toEqual(JSON.parse(text));
    }),
  );
  expect(() => parseExactly("{1234567890123456")).toThrow(SyntaxError);
});
