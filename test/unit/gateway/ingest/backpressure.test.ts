import { expect, test } from "vitest";
import { Backpressure } from "../../../../gateway/ingest/backpressure.ts";
import type { CommitLogState } from "../../../../gateway/ingest/commit-log.ts";
import type { Message, Refusal } from "../../../../gateway/ingest/message.ts";
import type { Logger } from "../../../../platform/runtime/logger.ts";

const OK: CommitLogState = { state: "ok", detail: "" };
const REFUSING: CommitLogState = { state: "refusing", detail: "away" };
const LITTLE = 1_000;
const MUCH = 9 * 1024 * 1024;

test.each([
  ["nothing is wrong", OK, LITTLE, [false, false, false]],
  ["the log is behind", OK, MUCH, [true, false, false]],
  ["the log refuses", REFUSING, LITTLE, [true, false, false]],
])("QoS 0 alone is dropped, and only under pressure: %s", (_, state, heldChars, dropped) => {
  const backpressure = new Backpressure({ state, heldChars });
  const settled: (Refusal | null)[] = [];
  const answers = ([0, 1, 2] as const).map((qos) =>
    backpressure.drop({ qos } as Message, (refusal) => settled.push(refusal)),
  );
  expect(answers).toEqual(dropped);
  expect(backpressure.qos0Dropped).toBe(settled.length);
  expect(settled.map((refusal) => refusal?.reason)).toEqual(
    dropped.includes(true) ? ["quota_exceeded"] : [],
  );
});

test("new clients are refused while the log refuses, and no longer", async () => {
  const log = { state: REFUSING, heldChars: 0 };
  const stop = new AbortController();
  const told: boolean[] = [];
  const logger = { error: () => undefined, warn: () => undefined } as unknown as Logger;
  const door = {
    refuseConnections: (on: boolean) => {
      told.push(on);
      log.state = told.length === 1 ? OK : REFUSING;
      if (told.length === 3) stop.abort();
    },
  };
  await new Backpressure(log).run(door, logger, stop.signal);
  expect(told).toEqual([true, false, true, false]);
});
