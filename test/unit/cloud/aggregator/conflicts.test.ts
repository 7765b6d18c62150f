// A question that the sink refuses for good concerns one reading; one that it cannot answer now is asked again.
import { expect, test } from "vitest";
import { findConflicts } from "../../../../cloud/aggregator/conflicts.ts";
import type { ConflictSource } from "../../../../cloud/sinks/sink.ts";
import { AppError } from "../../../../platform/runtime/errors.ts";
import { LAYOUTS, environment } from "../../../support/lane-log.ts";
import { FrameWriter } from "../../../support/nats-frames.ts";

const AT_MS = 1_700_000_000_000;
const readings = [1, 2, 3].map((seq) => environment("room", seq, AT_MS + seq));
const entry = {
  seq: 5,
  storeMs: AT_MS,
  subject: "telemetry.eu.0",
  data: new FrameWriter({ region: "eu", partition: 0 }).encode(
    readings.map(({ device, contract, receivedAtMs, payload }) => ({
      ...{ device, contract, receivedAtMs, payload },
    })),
    AT_MS,
  ),
};

const answering = (refusal: AppError): ConflictSource => ({
  ofSequence: ({ sequence }) =>
    sequence === 2
      ? Promise.reject(refusal)
      : Promise.resolve([{ device: "room", eventMs: 0, payload: { co2: "other" } }]),
});

test("the refused one is named, the others are compared", async () => {
  const refusal = new AppError("INFLUX_REFUSED", "reject", "error parsing query");
  const { conflicts, refused } = await findConflicts(answering(refusal), LAYOUTS, entry, [0, 1, 2]);
  expect(conflicts.map(({ place, reason }) => [place, reason])).toEqual([
    [0, "identity_conflict"],
    [2, "identity_conflict"],
  ]);
  expect(refused).toEqual([{ place: 1, why: refusal }]);
});

test("an outage is no answer", async () => {
  const away = new AppError("INFLUX_UNAVAILABLE", "retry", "timeout");
  await expect(findConflicts(answering(away), LAYOUTS, entry, [0, 1])).rejects.toBe(away);
});
