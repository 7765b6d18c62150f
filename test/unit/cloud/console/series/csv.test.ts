import { expect, test } from "vitest";
import { csvOf } from "../../../../../cloud/console/series/csv.ts";
import type { SeriesLine, SeriesPoint } from "../../../../../cloud/console/series/read-series.ts";

const point = (of: Partial<SeriesPoint> = {}): SeriesPoint => ({
  ...{ tMs: 0, value: 1, min: null, max: null, count: 1, revision: null, isFinal: true },
  ...of,
});

const line = (of: Partial<SeriesLine>): SeriesLine => ({
  ...{ tags: { device: "a" }, field: "co2", unit: "[ppm]", source: "raw", stepMs: 0 },
  ...{ isCutShort: false, points: [point()] },
  ...of,
});

test("a text in a spreadsheet is text, whatever it begins with", () => {
  const cellOf = (value: SeriesPoint["value"]): string =>
    csvOf([line({ unit: null, points: [point({ value })] })])
      .split("\r\n")[1]!
      .split(",")[4]!;
  for (const formula of ["=1+1", "+1", "-1", "@A1", "\t=1", "\r=1", " =1", "＝1", "\ufeff=1"])
    expect(cellOf(formula)).toMatch(/^"'/);
  expect(cellOf("open")).toBe('"open"');
  expect(cellOf('a"b')).toBe('"a""b"');
  expect(cellOf(-1)).toBe("-1");
});

test("lines of several series and fields are in one table, each row with what it is a point of", () => {
  const rollup = point({ tMs: 10_000, value: 2.5, min: 2, max: 3, count: 9, revision: 1 });
  const open = point({ tMs: 20_000, min: 1, max: 1, isFinal: false });
  const lines = [
    line({ tags: { device: "a", region: "eu" } }),
    line({ tags: { device: "=b" }, field: "temperature", unit: "Cel", points: [rollup, open] }),
  ];
  expect(csvOf(lines).split("\r\n")).toEqual([
    "time,device,region,field,unit,value,min,max,count,revision,final",
    '1970-01-01T00:00:00.000Z,"a","eu","co2","[ppm]",1,,,1,,true',
    `1970-01-01T00:00:10.000Z,"'=b",,"temperature","Cel",2.5,2,3,9,1,true`,
    `1970-01-01T00:00:20.000Z,"'=b",,"temperature","Cel",1,1,1,1,,false`,
    "",
  ]);
  expect(csvOf([])).toBe("time,field,unit,value,min,max,count,revision,final\r\n");
});
