import { expect, test } from "vitest";

type Counts = Record<"evaluations" | "pending" | "firing" | "silenced", number>;
// The page is JavaScript as browsers run it, without types.
const path: string = "../../../../../../cloud/console/page/rules/counts.js";
const { countsOf, statesOf } = (await import(path)) as {
  countsOf: (engines: { counts: Counts | null }[]) => Counts & { known: number };
  statesOf: (counts: Counts) => [string, number, string][];
};

const counts = (of: Partial<Counts>): Counts => ({
  ...{ evaluations: 0, pending: 0, firing: 0, silenced: 0 },
  ...of,
});

test("what the engines have counted is added up, and an engine that does not tell is left out", () => {
  const eu = { counts: counts({ evaluations: 100, firing: 2 }) };
  const us = { counts: counts({ evaluations: 11, pending: 1 }) };
  expect(countsOf([eu, us, { counts: null }])).toEqual({
    ...counts({ evaluations: 111, firing: 2, pending: 1 }),
    known: 2,
  });
  expect(countsOf([]).known).toBe(0);
});

test("only states that some key is in are told, the gravest first", () => {
  expect(statesOf(counts({ silenced: 3, firing: 1 })).map(([word]) => word)).toEqual([
    ...["firing", "silenced"],
  ]);
  expect(statesOf(counts({ evaluations: 9 }))).toEqual([]);
});
