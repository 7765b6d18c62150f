// Goal: the first line of `skerry status` is true, whatever is wrong.
import { expect, test } from "vitest";
import type { Alert } from "../../../../../contracts/messages/alert.ts";
import type {
  AggregatorStatus,
  AlertingStatus,
  GatewayStatus,
  LaneStatus,
  ProcessStatus,
} from "../../../../../contracts/messages/status.ts";
import type { InstallationReport } from "../../../../../infra/cli/status/installation.ts";
import { problemsOf, verdictOf } from "../../../../../infra/cli/status/problems.ts";
import { screenLines } from "../../../../../infra/cli/status/screen.ts";

const NOW_MS = 1_000_000;
const lane = (over: Partial<LaneStatus> = {}): LaneStatus => ({
  region: "us",
  partition: 2,
  doneSeq: 90,
  watermarkMs: NOW_MS - 6_000,
  stoppedBy: null,
  ...over,
});
const GATEWAY: GatewayStatus = {
  process: "gateway",
  setAside: 0,
  region: "us",
  readingsStored: 1_234,
  rejectsStored: 0,
  notes: { totals: { left_out: 0, clamped: 0, arrival_time: 0 }, fields: [], more: 0 },
  rejectsDropped: { total: 0, most: [] },
  takeovers: 0,
  contestedClientIds: [],
  connections: 3,
  held: 0,
  slowed: [],
  qos0Dropped: 0,
  presenceDropped: 0,
  bridgeRepeats: 0,
  bridges: [],
  log: { state: "ok", detail: "" },
  canaryStoredMs: null,
  commands: { open: 0, refused: 0, repliesStored: 0 },
};
const ALERTING: AlertingStatus = {
  process: "alerting",
  setAside: 0,
  region: "us",
  rules: [],
  rulesWaiting: [],
  rulesDisabled: {},
  rulesFailing: {},
  failed: 0,
  late: 0,
  repeated: 0,
  unevaluated: 0,
  pending: 0,
  openAlerts: 0,
  raised: 0,
  cleared: 0,
  losses: [],
  lanes: [lane()],
};
const AGGREGATOR: AggregatorStatus = {
  process: "aggregator",
  setAside: 0,
  readingsStored: 1_234,
  lateReadings: 0,
  sequenceRestarts: { total: 0, devices: {} },
  repairsWaiting: 0,
  rollupsRevised: 0,
  losses: [],
  lanes: [lane()],
  latencyMs: {},
  recentLatencyMs: {},
  behindOutage: {},
  canaries: [],
  clockSkews: { devices: {}, most: [] },
  influx: { state: "ok", detail: "" },
};

const answer = (name: string, status: ProcessStatus | null) => ({
  name,
  address: "127.0.0.1:1",
  isReady: status !== null,
  status,
});

/** An installation of one region with one lane. */
function installation(
  over: Partial<InstallationReport> & {
    gateway?: GatewayStatus | null;
    alerting?: AlertingStatus | null;
    aggregator?: AggregatorStatus | null;
  } = {},
): InstallationReport {
  const { gateway = GATEWAY, alerting = ALERTING, aggregator = AGGREGATOR, ...more } = over;
  const newest = { partition: 2, frames: 30, newestSeq: 90, newestMs: NOW_MS - 500 };
  const size = { firstSeq: 1, lastSeq: 90, bytes: 10, bytesMax: 1_000 };
  return {
    atMs: NOW_MS,
    path: ".skerry/addresses.json",
    servers: [{ name: "nats-us", address: "127.0.0.1:2", problem: null }],
    processes: [
      answer("gateway-us", gateway),
      answer("alerting-us", alerting),
      answer("aggregator", aggregator),
    ],
    regions: [
      { region: "us", log: { region: "us", isCopy: false, ...size, lanes: [newest] }, rejects: 0 },
    ],
    alerts: [],
    ...more,
  };
}

const verdict = (report: InstallationReport): string => verdictOf(report, problemsOf(report));

test("all well", () => {
  expect(verdict(installation())).toBe("Everything runs; nothing is lost.");
});

test("an open alert is news of the plant, not a fault of the installation", () => {
  const alert: Alert = {
    id: "1",
    rule: "hot",
    key: "room",
    region: "us",
    state: "firing",
    severity: "warning",
    sinceMs: 0,
    atMs: NOW_MS - 60_000,
    receivedAtMs: 0,
    value: 1,
    message: "hot",
    partition: 2,
    seq: 1,
    index: 0,
  };
  const report = installation({ alerts: [alert] });
  expect(verdict(report)).toBe("Everything runs; nothing is lost. 1 alert is open.");
  expect(screenLines(report).at(-1)).toBe("60 s ago  us      hot   room  firing  warning   hot");
});

test("a lane that waits is the whole verdict", () => {
  const stoppedBy = "waits for contract pump v2, which frame 91 holds";
  const aggregator = { ...AGGREGATOR, lanes: [lane({ stoppedBy })] };
  expect(verdict(installation({ aggregator }))).toBe(
    "us: the aggregator's lane us/2 waits for contract pump v2, which frame 91 holds",
  );
});

test("lanes that stand still, are behind, or are nobody's", () => {
  const problem = (over: LaneStatus[]) =>
    problemsOf(installation({ alerting: { ...ALERTING, lanes: over } }));
  expect(problem([lane({ stoppedBy: "frame 9 cannot be read" })])).toEqual([
    "us: the alerting engine's lane us/2 stands still: frame 9 cannot be read",
  ]);
  expect(problem([lane({ doneSeq: 40, watermarkMs: NOW_MS - 300_000 })])).toEqual([
    "us: the alerting engine's lane us/2 is 5 min behind, at #40 of #90",
  ]);
  // Nothing new came for an hour: it is not behind.
  expect(problem([lane({ watermarkMs: NOW_MS - 3_600_000 })])).toEqual([]);
  expect(problem([])).toEqual(["us: the alerting engine's lane us/2 is nobody's"]);
});

test("several things are counted and listed, the worst first", () => {
  const report = installation({
    servers: [{ name: "influxd", address: "127.0.0.1:3", problem: "does not answer" }],
    aggregator: { ...AGGREGATOR, influx: { state: "refusing", detail: "no answer" } },
    gateway: null,
  });
  expect(screenLines(report).slice(0, 5)).toEqual([
    "3 things are wrong:",
    "  influxd at 127.0.0.1:3: does not answer",
    "  gateway-us at 127.0.0.1:1: does not answer; its log is .skerry/logs/gateway-us.log",
    "  aggregator: the store does not take what is written: no answer",
    "",
  ]);
});

test("a loss that both operators saw is one, and nobody says that nothing is lost", () => {
  const losses = [
    { region: "us", partition: 2, what: "frames 5 to 7", readings: 4, sinceMs: 0, untilMs: 0 },
  ];
  const both = { alerting: { ...ALERTING, losses }, aggregator: { ...AGGREGATOR, losses } };
  expect(verdict(installation(both))).toMatch(/^us\/2: 4 acknowledged readings exist nowhere/);
  expect(verdict(installation({ ...both, gateway: null }))).toBe("2 things are wrong:");
});

test("that nothing is lost is said only if everybody was asked", () => {
  const refusing = { state: "refusing", detail: "no answer" } as const;
  const report = installation({
    gateway: { ...GATEWAY, log: refusing },
    aggregator: { ...AGGREGATOR, influx: refusing },
  });
  expect(verdict(report)).toBe("2 things are wrong; nothing is lost:");
});

test("a log that fills up and one that refuses", () => {
  const report = installation({
    gateway: { ...GATEWAY, log: { state: "refusing", detail: "maximum bytes exceeded" } },
  });
  const [region] = report.regions;
  const full = { ...region!, log: { ...region!.log!, bytes: 930 } };
  expect(problemsOf({ ...report, regions: [full] })).toEqual([
    "us: the log is 93 % full; once it is full, devices are not acknowledged any more",
    "gateway-us: the log refuses, so nothing is acknowledged: maximum bytes exceeded",
  ]);
});

test("where nothing answers, one line says so", () => {
  const report = installation({
    servers: [{ name: "nats-us", address: "127.0.0.1:2", problem: "does not answer" }],
    ...{ gateway: null, alerting: null, aggregator: null },
  });
  expect(screenLines(report)).toEqual([
    "Nothing runs: none of the addresses in .skerry/addresses.json answers. Start Skerry with npm start.",
  ]);
});
