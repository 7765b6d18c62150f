import fc from "fast-check";
import { expect, test } from "vitest";

type Tags = Record<string, string>;
interface Choice {
  series: Tags[];
  fields: string[];
}
// The page is JavaScript as browsers run it, without types.
const path: string = "../../../../../../cloud/console/page/explore/choice.js";
const { LINES_MAX, choiceOf, isFull, lineName, queryOf, seriesName, toggled } = (await import(
  path
)) as {
  LINES_MAX: number;
  choiceOf: (query: { tags?: string; field?: string }) => Choice;
  queryOf: (choice: Choice) => { tags: string | null; field: string };
  toggled: (choice: Choice, tags: Tags) => Choice;
  isFull: (choice: Choice, more: { series?: number; fields?: number }) => boolean;
  seriesName: (tags: Tags, series: Tags[]) => string;
  lineName: (line: { tags: Tags; field: string }, choice: Choice) => string;
};

const tags = fc.dictionary(fc.stringMatching(/^[a-z]{1,3}$/), fc.string(), { minKeys: 1 });
const choices = fc.record({
  series: fc.uniqueArray(tags, { selector: (one) => JSON.stringify(Object.entries(one).sort()) }),
  fields: fc.uniqueArray(fc.stringMatching(/^[a-z]{1,5}$/)),
});

test("a choice that was told in an address is the same when it is read", () => {
  fc.assert(
    fc.property(choices, (choice) => {
      const { tags: told, field } = queryOf(choice);
      expect(choiceOf({ field, ...(told === null ? {} : { tags: told }) })).toEqual(choice);
    }),
  );
});

test("an address with one series, with nonsense, or with one twice is read as what it can mean", () => {
  expect(choiceOf({ tags: '{"device":"a"}', field: "co2" })).toEqual({
    ...{ series: [{ device: "a" }], fields: ["co2"] },
  });
  for (const nonsense of ["", "7", "[", "null", "[[]]", '["a"]'])
    expect(choiceOf({ tags: nonsense })).toEqual({ series: [], fields: [] });
  const twice = '[{"device":"a","region":"eu"},{"region":"eu","device":"a"}]';
  expect(choiceOf({ tags: twice, field: "a,,a,b" })).toEqual({
    ...{ series: [{ device: "a", region: "eu" }], fields: ["a", "b"] },
  });
  expect(choiceOf({})).toEqual({ series: [], fields: [] });
});

test("a series that is chosen twice is taken out, in whatever order its tags are told", () => {
  const one = toggled({ series: [], fields: [] }, { device: "a", region: "eu" });
  expect(one.series).toHaveLength(1);
  expect(toggled(one, { region: "eu", device: "a" }).series).toEqual([]);
});

test("no more lines are offered than can be told apart", () => {
  const series = Array.from({ length: LINES_MAX / 2 }, (_, at) => ({ device: String(at) }));
  const choice = { series, fields: ["a", "b"] };
  expect(isFull(choice, { series: 1 })).toBe(true);
  expect(isFull(choice, { fields: 1 })).toBe(true);
  expect(isFull({ series: series.slice(1), fields: ["a", "b"] }, { series: 1 })).toBe(false);
  expect(isFull({ series, fields: [] }, { series: 1 })).toBe(false);
});

test("a line is named by what it differs in from the others", () => {
  const a = { device: "a", region: "eu" };
  const b = { device: "b", region: "eu" };
  expect(seriesName(a, [a, b])).toBe("a");
  expect(seriesName(a, [a])).toBe("a, eu");
  expect(seriesName({}, [{}])).toBe("all");
  expect(lineName({ tags: a, field: "co2" }, { series: [a], fields: ["co2"] })).toBe("co2");
  expect(lineName({ tags: a, field: "co2" }, { series: [a, b], fields: ["co2"] })).toBe("a");
  const many = { series: [a, b], fields: ["co2", "light"] };
  expect(lineName({ tags: b, field: "light" }, many)).toBe("b light");
});
