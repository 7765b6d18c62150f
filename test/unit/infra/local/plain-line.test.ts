import { expect, test } from "vitest";
import { plainLine } from "../../../../infra/local/plain-line.ts";

const LINE = {
  elapsedSeconds: 40.4,
  sentence: "InfluxDB refuses what is written; all 1,204 acknowledged readings are accounted for.",
  next: null,
  looping: {},
  acknowledged: 1204,
  stored: 900,
  openAlerts: 2,
};

test("the verdict comes first, the figures after it", () => {
  expect(plainLine(LINE)).toBe(
    "40 s: InfluxDB refuses what is written; all 1,204 acknowledged readings are accounted for. " +
      "(acknowledged 1,204, stored 900, open alerts 2)",
  );
});

test("the next step follows what is wrong", () => {
  expect(plainLine({ ...LINE, next: "Start InfluxDB." })).toContain(
    "are accounted for. Next: Start InfluxDB. (acknowledged",
  );
});

test("a process that ends again and again is named before everything else", () => {
  const looping = { aggregator: { restarts: 6, because: "out of memory" } };
  const text = plainLine({ ...LINE, looping });
  expect(text).toMatch(/^40 s: aggregator .*\. InfluxDB refuses/);
});

test("before anything is known it says so", () => {
  expect(plainLine({ ...LINE, sentence: null })).toContain(
    "Nothing is known of the installation yet.",
  );
});
