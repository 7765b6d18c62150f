import { expect, test } from "vitest";
import { RestartCounts, SequenceRestarts } from "../../../../cloud/aggregator/sequence-restarts.ts";
import { CATALOG, environment } from "../../../support/lane-log.ts";

const ENVIRONMENT = CATALOG.versions("environment")[0]!;

/** How often a device that sends these sequences, one a second, began anew. */
function restartsIn(sent: readonly (number | readonly [seq: number, ms: number])[]): number {
  const restarts = new SequenceRestarts();
  return sent.filter((one, at) => {
    const [seq, ms] = typeof one === "number" ? [one, at * 1_000] : one;
    return restarts.began(ENVIRONMENT, environment("d", seq, ms), ms);
  }).length;
}

test("a sequence that begins again is a restart, once; overtaken and buffered readings are none", () => {
  expect(restartsIn([5, 6, 7, 0, 1, 2, 3])).toBe(1);
  expect(restartsIn([0, 1, 2, 0, 1, 2, 1, 2])).toBe(2);
  expect(restartsIn([1_000, 1_001, 500, 501, 502])).toBe(1);
  expect(restartsIn([5, 7, 6, 8, 10, 9])).toBe(0);
  expect(restartsIn([1_000, 1_001, [500, 0], [501, 1], 1_002])).toBe(0);
});

test("the devices that restarted last are named, all are counted", () => {
  const counts = new RestartCounts();
  for (let n = 0; n < 300; n++) counts.add(`d${n}`);
  counts.add("d299");
  const { total, devices } = counts.shown;
  expect([total, Object.keys(devices).length, devices["d299"]]).toEqual([301, 100, 2]);
});
