import { expect, test } from "vitest";
import { lanesLines, lossText } from "../../../../../infra/cli/lane/lanes-text.ts";
import type { LanesReport } from "../../../../../cloud/operations/lanes/operators.ts";

const NOW_MS = 1_000_000;
const report: LanesReport = {
  region: "eu",
  logs: [
    {
      region: "eu",
      isCopy: false,
      firstSeq: 3,
      lastSeq: 120,
      bytes: 2_048,
      bytesMax: 1024 ** 3,
      lanes: [{ partition: 2, frames: 40, newestSeq: 118, newestMs: NOW_MS - 3_000 }],
    },
  ],
  operators: [
    {
      operator: "alerting",
      partition: 2,
      doneSeq: 110,
      savedSeq: 100,
      watermarkMs: NOW_MS - 8_000,
      newestSeq: 118,
      live: {
        region: "eu",
        partition: 2,
        doneSeq: 110,
        watermarkMs: NOW_MS - 8_000,
        stoppedBy: "waits for contract pump v2, which frame 111 holds",
      },
      holes: [
        {
          gateway: "g1",
          epoch: "e1",
          fromN: 5,
          untilN: 8,
          totalBefore: 10,
          readings: 4,
          sinceMs: 0,
        },
      ],
      judgedSeq: 118,
    },
  ],
  isLive: true,
  losses: [],
};

test("log, position, watermark, lag, what stops the lane, and what it lacks", () => {
  expect(lanesLines(report, NOW_MS)).toEqual([
    "log of eu: #3 to #120, the newest 3 s ago, 2.0 KiB of 1.0 GiB, 1 lane",
    "",
    "LANE  OPERATOR  DONE  BEHIND  WATERMARK  READS FROM  STATE",
    "eu/2  alerting   110       8  8 s ago           100  waits for contract pump v2, which frame 111 holds",
    "",
    "hole: eu/2, alerting: frames 5 to 7 of gateway g1, epoch e1, 4 readings are missing",
    "losses  none since the processes started",
  ]);
});

test("a lane of a log that has grown is ended once it is done", () => {
  const [one] = report.operators;
  const live = { ...one!.live!, stoppedBy: null };
  const stateAt = (doneSeq: number) =>
    lanesLines(
      { ...report, operators: [{ ...one!, hasEnded: true, doneSeq, live, holes: [] }] },
      NOW_MS,
    ).find((line) => line.startsWith("eu/2"));
  expect(stateAt(110)).toMatch(/ runs$/);
  expect(stateAt(118)).toMatch(/ ended$/);
});

test("what could not be asked is not called good", () => {
  const operators = report.operators.map((one) => ({ ...one, live: null, holes: [] }));
  const alone = lanesLines({ ...report, operators, isLive: false }, NOW_MS);
  expect(alone).toContain("losses  not known: no process was asked");
  expect(alone.join("\n")).toContain("not asked");
  expect(lanesLines({ ...report, operators }, NOW_MS).join("\n")).toContain(
    "nobody answers for it",
  );
});

test("a loss says how much, of what and how old", () => {
  const loss = { region: "eu", partition: 2, what: "frames 5 to 7", readings: 4 };
  expect(lossText({ ...loss, sinceMs: 0, untilMs: NOW_MS - 300_000 }, NOW_MS)).toBe(
    "eu/2: 4 acknowledged readings exist nowhere any more: frames 5 to 7, stored 5 min ago",
  );
});
