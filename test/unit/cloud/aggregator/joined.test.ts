// Goal: where a log's beginning was trimmed, its first windows are not written with too small a count
// but recomputed from the raw points, which may hold what the log has lost.
import { expect, test } from "vitest";
import { joinedAt } from "../../../../cloud/aggregator/position.ts";
import { FrameWriter } from "../../../support/nats-frames.ts";
import {
  LAYOUTS,
  LoggedAggregate,
  MINUTE_MS,
  environment,
  linesOf,
  parseLine,
} from "../../../support/lane-log.ts";

const START_MS = 1_700_000_040_000 - (1_700_000_040_000 % MINUTE_MS);

test("the minute in which a trimmed log begins is left to the repair job, the next one is not", () => {
  const writer = new FrameWriter({ region: "eu", partition: 0 });
  for (let trimmed = 0; trimmed < 56; trimmed++) writer.encode([], START_MS);
  const aggregate = new LoggedAggregate(LAYOUTS, joinedAt(START_MS + 20_000));
  let seq = 500;
  const apply = (clockMs: number, ...readings: number[]): string[] => {
    const held = readings.map((ts) => environment("a", ts - START_MS, ts));
    const data = writer.encode(
      held.map(({ traceparent: _, ...reading }) => reading),
      clockMs,
    );
    seq += 1;
    const outcome = aggregate.applyLogged({ seq, storeMs: clockMs, data });
    if (outcome.kind !== "effects") throw new Error(outcome.kind);
    aggregate.acknowledged(seq);
    return linesOf(outcome).map((line) => parseLine(line).measurement);
  };
  expect(apply(START_MS + 21_000, START_MS + 20_500)).toEqual(["environment"]);
  expect(apply(START_MS + 70_000, START_MS + 65_000)).toEqual(["environment"]);
  // Not repaired before its minute is over.
  expect(aggregate.repairsWaiting).toBe(1);
  const closing = apply(START_MS + 130_000);
  const finals = closing.filter((name) => !name.endsWith("_open")).sort();
  expect(finals).toEqual(["environment_10s", "environment_1m"]);
  const [group] = aggregate.repairsDue(10);
  expect(group).toMatchObject({ contract: "environment", key: "a", minutes: [START_MS] });
  aggregate.repaired(group!);
  expect(aggregate.repairsWaiting).toBe(0);
});
