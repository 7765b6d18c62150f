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

test("of aggregators that fell silent the last figures stay, until one is heard again", () => {
  const latency = { readings: 1, p50: 2, p99: 3, max: 3, atMs: START_MS };
  const canary = { region: "eu", storedMs: START_MS };
  const told = {
    ...aggregator({}, []),
    recentLatencyMs: { eu: { total: latency } },
    canaries: [canary],
  };
  const gone = heard({ ...told, canaries: [] }, 90_000);
  const [eu] = overviewOf(insight, [gone, heard(told, 24_000)]).regions;
  expect([eu!.latency.total, eu!.canary]).toEqual([latency, canary]);
  const [anew] = overviewOf(insight, [heard(told, 24_000), heard(aggregator({}, []))]).regions;
  expect([anew!.latency, anew!.canary]).toEqual([{}, null]);
});
