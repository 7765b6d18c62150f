// Goal: a key's lanes over all growths are one line from child to parent, each key has one present lane, and a log never
// gets fewer lanes. Method: properties over invented growths, and each refusal.
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  ancestorsOf,
  childrenOf,
  firstBehind,
  stagesText,
  grown,
  lanesOf,
  ownerIn,
  parentOf,
  parseStages,
  presentLanes,
} from "../../../../contracts/names/lane-stages.ts";

const GROWTHS = fc
  .tuple(fc.integer({ min: 1, max: 4 }), fc.array(fc.integer({ min: 2, max: 4 }), { maxLength: 3 }))
  .map(([first, factors]) => {
    const stages = [first];
    for (const factor of factors) stages.push(stages.at(-1)! * factor);
    return stages;
  });

test("a key has one present lane, and was in each of its ancestors before, and in no other", () => {
  fc.assert(
    fc.property(GROWTHS, fc.string(), (stages, key) => {
      const all = Array.from({ length: lanesOf(stages) }, (_, lane) => lane);
      const owners = all.filter((lane) => ownerIn(stages, lane)(key));
      expect(owners).toHaveLength(stages.length);
      const present = owners.at(-1)!;
      expect(present).toBeGreaterThanOrEqual(presentLanes(stages).first);
      expect(ancestorsOf(stages, present)).toEqual(owners.slice(0, -1));
    }),
  );
});

test("children are those whose parent a lane is; those of the present stage have none", () => {
  const stages = [1, 2, 4];
  expect(childrenOf(stages, 0)).toEqual([1, 2]);
  expect(childrenOf(stages, 1)).toEqual([3, 5]);
  expect(childrenOf(stages, 3)).toEqual([]);
  expect([0, 2, 5].map((lane) => parentOf(stages, lane))).toEqual([null, 0, 1]);
  expect([0, 2, 6].map((lane) => firstBehind(stages, lane))).toEqual([1, 3, null]);
  expect(() => parentOf(stages, 7)).toThrow("lane 7 is none of 7");
});

test("a description says what stages there were; another text says nothing", () => {
  fc.assert(
    fc.property(GROWTHS, (stages) => {
      expect(parseStages(stagesText(stages))).toEqual(stages);
    }),
  );
  for (const text of [undefined, "", "lanes: ", "lanes: 1,2", "a stream"])
    expect(parseStages(text)).toBeNull();
});

test("a log grows to a multiple, and never gets fewer lanes", () => {
  expect(grown([1], 2)).toEqual([1, 2]);
  expect(grown([1, 2], 2)).toEqual([1, 2]);
  expect(() => grown([1, 4], 2)).toThrow("it has 4 partitions, and a log never gets fewer");
  expect(() => grown([2], 3)).toThrow("grows to a multiple of them: 4, 6 or more");
});
