import fc from "fast-check";
import { expect, test } from "vitest";
import { NumberReader, NumberWriter } from "../../../gateway/alerting/number-tape.ts";

const written = (
  runs: readonly (readonly number[])[],
  text: string,
  roomBytes?: number,
): Buffer => {
  const writer = new NumberWriter(roomBytes);
  for (const run of runs)
    if (run.length === 1) writer.push(run[0]!);
    else writer.pushAll(Float64Array.from(run));
  return writer.finish(text);
};
const runs = fc.array(fc.array(fc.double(), { maxLength: 400 }), { maxLength: 12 });

test("what is written is read, whatever room was made for it", () => {
  fc.assert(
    fc.property(
      runs,
      fc.string({ unit: "grapheme", maxLength: 300 }),
      fc.integer({ min: 0, max: 40_000 }),
      (all, text, room) => {
        const value = written(all, text, room);
        // Not where numbers may lie: as it comes from a message.
        const moved = Buffer.concat([Buffer.alloc(3), value]).subarray(3);
        const reader = new NumberReader(moved);
        expect(reader.text).toBe(text);
        for (const run of all) expect([...reader.take(run.length)]).toEqual(run);
        expect(() => reader.next()).toThrow(/cut off/);
      },
    ),
  );
});

test("a value that lost numbers is refused", () => {
  const value = written([[1, 2, 3]], "");
  for (let bytes = 0; bytes < value.length; bytes++)
    expect(() => new NumberReader(value.subarray(0, bytes))).toThrow(/cut off/);
});
