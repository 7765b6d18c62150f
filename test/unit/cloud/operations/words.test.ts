import { expect, test } from "vitest";
import { ago, bytes, count, duration, instant, table } from "../../../../cloud/operations/words.ts";

test("durations have the largest unit that fits twice", () => {
  const cases: [ms: number, text: string][] = [
    [-5, "0.0 s"],
    [400, "0.4 s"],
    [1_999, "2.0 s"],
    [3_900, "3 s"],
    [119_000, "119 s"],
    [120_000, "2 min"],
    [7_200_000, "2 h"],
    [2 * 86_400_000, "2 d"],
  ];
  for (const [ms, text] of cases) expect(duration(ms)).toBe(text);
});

test("ages tell the past from the future, and forgive a second between two clocks", () => {
  expect(ago(10_000, 13_000)).toBe("3 s ago");
  expect(ago(10_500, 10_000)).toBe("0.0 s ago");
  expect(ago(70_000, 10_000)).toBe("in 60 s");
});

test("numbers are counted and bytes have a unit", () => {
  expect([count(1, "alert"), count(1_234, "alert")]).toEqual(["1 alert", "1,234 alerts"]);
  expect(count(2, "thing is", "things are")).toBe("2 things are");
  expect([bytes(0), bytes(1_023), bytes(1_536), bytes(4 * 1024 ** 3)]).toEqual([
    "0 B",
    "1,023 B",
    "1.5 KiB",
    "4.0 GiB",
  ]);
});

test("columns are aligned, numbers to the right, and no line ends in spaces", () => {
  const rows = [
    ["eu/0", "7", "runs"],
    ["us/10", "1,234", ""],
  ];
  expect(table(["LANE", "DONE", "STATE"], rows)).toEqual([
    "LANE    DONE  STATE",
    "eu/0       7  runs",
    "us/10  1,234",
  ]);
  expect(table(["LANE", "DONE"], [])).toEqual(["LANE  DONE"]);
});

test("whatever a record says is a time can be told", () => {
  expect(instant(0)).toBe("1970-01-01T00:00:00.000Z");
  for (const none of [undefined, null, "soon", Number.NaN, 1e300, {}])
    expect(instant(none)).toBe("at no time");
});
