import { expect, test } from "vitest";
import type { AggregatorStatus } from "../../../../contracts/messages/status.ts";
import { together } from "../../../../infra/local/monitor.ts";

const lane = { region: "eu", partition: 0, watermarkMs: 0, stoppedBy: null };
const one: AggregatorStatus = {
  process: "aggregator",
  readingsStored: 1,
  lateReadings: 2,
  sequenceRestarts: { total: 3, devices: { pump: 3 } },
  repairsWaiting: 4,
  rollupsRevised: 5,
  longRollups: 0,
  setAside: 6,
  losses: [],
  lanes: [{ ...lane, doneSeq: 7 }],
  latencyMs: {},
  recentLatencyMs: {},
  behindOutage: {},
  canaries: [],
  clockSkews: { devices: {}, most: [] },
  influx: { state: "ok", detail: "" },
};

test("aggregators that share the lanes are told as one: every count adds up, the worst state counts", () => {
  const away = { state: "refusing", detail: "it is away" } as const;
  const other = {
    ...one,
    sequenceRestarts: { total: 2, devices: { pump: 1, fan: 1 } },
    lanes: [
      { ...lane, doneSeq: 9 },
      { ...lane, partition: 1, doneSeq: 8 },
    ],
    influx: away,
  };
  const sum = together([one, other])!;
  for (const [name, count] of Object.entries(one))
    if (typeof count === "number") expect(sum).toHaveProperty(name, 2 * count);
  expect(sum.sequenceRestarts).toEqual({ total: 5, devices: { pump: 4, fan: 1 } });
  expect(sum.lanes.map(({ doneSeq }) => doneSeq)).toEqual([9, 8]);
  expect(sum.influx).toEqual(away);
  expect(together([other, one])!.influx).toEqual(away);
  expect(together([])).toBeNull();
});
