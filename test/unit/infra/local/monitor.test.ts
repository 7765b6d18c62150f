// Goal: several aggregators look like one.
import { expect, test } from "vitest";
import type { AggregatorStatus } from "../../../../contracts/messages/status.ts";
import { together } from "../../../../infra/local/monitor.ts";

const status = (devices: Record<string, number>): AggregatorStatus => ({
  process: "aggregator",
  readingsStored: 1,
  lateReadings: 0,
  sequenceRestarts: { total: Object.values(devices).reduce((a, b) => a + b, 0), devices },
  repairsWaiting: 0,
  rollupsRevised: 0,
  setAside: 0,
  losses: [],
  lanes: [],
  latencyMs: {},
  influx: { state: "ok", detail: "" },
});

test("a device that began its sequence anew is counted, whichever aggregator had its lane", () => {
  const sum = together([status({ a: 1 }), status({ a: 2, b: 4 })]);
  expect(sum!.sequenceRestarts).toEqual({ total: 7, devices: { a: 3, b: 4 } });
});
