// Goal: the overview has what gateways and aggregators say, and of processes that fell silent nothing.
import { expect, test } from "vitest";
import { overviewOf } from "../../../../../cloud/console/overview/overview.ts";
import type { ProcessStatus } from "../../../../../contracts/messages/status.ts";
import type { HeardProcess } from "../../../../../platform/nats/live/live-view.ts";
import { START_MS, run } from "../../../../support/insight-facts.ts";

const insight = run(1).at(-1)!;

const heard = (status: object, silentMs = 300): HeardProcess => ({
  ...({ v: 1, instance: "one", domain: "hub", startedMs: START_MS } as const),
  ...({ kind: "gateway", atMs: START_MS, heardMs: insight.atMs - silentMs } as const),
  status: status as ProcessStatus,
  vitals: { rssBytes: 1, heapUsedBytes: 1, eventLoopP99Ms: 1, cpuShare: 0 },
});

const gateway = (region: string, connections: number) => ({
  process: "gateway",
  region,
  connections,
});
const aggregator = (behindOutage: object, most: object[], devices: object = {}) => ({
  ...{ process: "aggregator", recentLatencyMs: {}, canaries: [], behindOutage },
  clockSkews: { devices, most },
});

test("connections of a region are those of all its gateways, and not known of a region that is not heard", () => {
  const processes = [
    heard(gateway("eu", 3)),
    heard(gateway("eu", 4)),
    heard(gateway("us", 9), 60_000),
  ];
  const { regions } = overviewOf(insight, processes);
  expect(regions.map(({ region, connections }) => [region, connections])).toEqual([
    ["eu", 7],
    ["us", null],
  ]);
});

test("readings behind an outage add up, and the clocks that are farthest off come first, each once", () => {
  const slow = { region: "eu", device: "meter", skewMs: 4_000 };
  const fast = { region: "us", device: "pump", skewMs: -90_000 };
  const { regions, clockSkews } = overviewOf(insight, [
    heard(aggregator({ eu: 5 }, [slow], { eu: 1 })),
    heard(aggregator({ eu: 6, us: 1 }, [slow, fast], { eu: 1, us: 1 })),
  ]);
  expect(regions.map(({ behindOutage }) => behindOutage)).toEqual([11, 1]);
  expect(clockSkews).toEqual({ devices: { eu: 1, us: 1 }, most: [fast, slow] });
});
