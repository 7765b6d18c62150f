import { expect, test } from "vitest";
import { problemsOf } from "../../../../infra/local/report.ts";

const SOUND = {
  missing: 0,
  missingInLog: 0,
  duplicated: 0,
  drained: true,
  rollups: { compared: 9, final: 9, wrong: 0, examples: [] },
};

test("a run that is sound has no problems, and any one thing that is wrong is said", () => {
  expect(problemsOf(SOUND)).toEqual([]);
  expect(problemsOf({ ...SOUND, missing: 2 })).toEqual([
    "2 acknowledged readings are missing in InfluxDB",
  ]);
  expect(problemsOf({ ...SOUND, missingInLog: 1 })).toHaveLength(1);
  expect(problemsOf({ ...SOUND, duplicated: 1 })).toHaveLength(1);
  expect(problemsOf({ ...SOUND, drained: false })).toHaveLength(1);
  expect(problemsOf({ ...SOUND, rollups: { ...SOUND.rollups, wrong: 3 } })).toEqual([
    "3 rollups differ from the points under them",
  ]);
});
