import fc from "fast-check";
import { expect, test } from "vitest";
import { NumberReader, NumberWriter } from "../../../../../gateway/alerting/windows/number-tape.ts";

const write = (into: NumberWriter, runs: readonly (readonly number[])[], text: string): Buffer => {
  const writer = into.begin();
  for (const run of runs)
    if (run.length === 1) writer.push(run[0]!);
    else writer.pushAll(Float64Array.from(run));
  return writer.finish(text);
};
const runs = fc.array(fc.array(fc.double(), { maxLength: 400 }), { maxLength: 12 });
const text = fc.string({ unit: "grapheme", maxLength: 300 });

test("what is written is read, one value after another, larger or smaller", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(runs, text), { maxLength: 5 }), (values) => {
      const writer = new NumberWriter();
      for (const [all, said] of values) {
        // Not where numbers may lie: as it comes from a message.
        const moved = Buffer.concat([Buffer.alloc(3), write(writer, all, said)]).subarray(3);
        const reader = new NumberReader(moved);
        expect(reader.text).toBe(said);
        for (const run of all) expect([...reader.take(run.length)]).toEqual(run);
        expect(() => reader.next()).toThrow(/cut off/);
      }
    }),
  );
});

test("a value that lost numbers is refused", () => {
  const value = write(new NumberWriter(), [[1, 2, 3]], "");
  for (let bytes = 0; bytes < value.length; bytes++)
    expect(() => new NumberReader(value.subarray(0, bytes))).toThrow(/cut off/);
});
