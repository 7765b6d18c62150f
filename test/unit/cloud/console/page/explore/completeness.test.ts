import { expect, test } from "vitest";

interface Point {
  tMs: number;
  value: number | boolean | null;
  min: number | null;
  max: number | null;
  count: number;
  revision: number | null;
  isFinal: boolean;
}
// The page is JavaScript as browsers run it, without types.
const path: string = "../../../../../../cloud/console/page/explore/completeness.js";
const { completenessOf, columnsOf, openFromFinal } = (await import(path)) as {
  openFromFinal: (columns: Record<string, unknown[]>) => unknown[];
  completenessOf: (points: Point[], stepMs: number) => Record<string, number>;
  columnsOf: (points: Point[], stepMs: number) => Record<string, unknown[]>;
};

const point = (tMs: number, of: Partial<Point> = {}): Point => ({
  ...{ tMs, value: tMs, min: 0, max: 9, count: 10, revision: 0, isFinal: true },
  ...of,
});

test("windows that are missing, have few readings, were revised or are not final are counted apart", () => {
  const points = [
    point(0),
    point(10, { revision: 2 }),
    point(20, { count: 3 }),
    point(50),
    point(60, { isFinal: false, revision: null, count: 1 }),
  ];
  expect(completenessOf(points, 10)).toEqual({
    ...{ readings: 34, open: 1, revised: 1, usual: 10, sparse: 1, gaps: 2 },
  });
});

test("among readings there are no windows to miss", () => {
  const readings = [0, 1, 500].map((tMs) => point(tMs, { count: 1, revision: null }));
  expect(completenessOf(readings, 0)).toMatchObject({ readings: 3, gaps: 0, sparse: 0 });
});

test("no line is drawn over a gap, and what is not final is a line of its own", () => {
  const columns = columnsOf([point(0), point(10), point(40), point(50, { isFinal: false })], 10);
  expect(columns["timesMs"]).toEqual([0, 10, 20, 40, 50]);
  expect(columns["value"]).toEqual([0, 10, null, 40, null]);
  expect(columns["open"]).toEqual([null, null, null, null, 50]);
  expect(columns["count"]).toEqual([10, 10, 0, 10, 10]);
});

test("among readings a gap is what is long beside the usual distance", () => {
  const times = [0, 10, 20, 30, 100];
  const columns = columnsOf(
    times.map((tMs) => point(tMs)),
    0,
  );
  expect(columns["timesMs"]).toEqual([0, 10, 20, 30, 40, 100]);
});

test("what is not final is drawn from the last final point on, but over no gap", () => {
  const value = [1, 2, null, null, 5, null, null];
  const open = [null, null, 3, 4, null, null, 7];
  expect(openFromFinal({ value, open })).toEqual([null, 2, 3, 4, null, null, 7]);
});
