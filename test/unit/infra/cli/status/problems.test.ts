// Goal: the first line of `skerry status` is true, whatever is wrong.
import { expect, test } from "vitest";
import type { Alert } from "../../../../../contracts/messages/alert.ts";
import type {
  AggregatorStatus,
  AlertingStatus,
  GatewayStatus,
  LaneStatus,
  ProcessStatus,
  ToldInsight,
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
  logGroups: [],
  notes: { totals: { left_out: 0, clamped: 0, arrival_time: 0 }, fields: [], more: 0 },
  rejectsDropped: { total: 0, most: [] },
  takeovers: 0,
  contestedClientIds: [],
  connections: 3,
  held: 0,
  slowed: [],
  surge: null,
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
  longRollups: 0,
  losses: [],
  lanes: [lane()],
  latencyMs: {},
  recentLatencyMs: {},
  behindOutage: {},
  canaries: [],
  clockSkews: { devices: {}, most: [] },
  influx: { state: "ok", detail: "" },
};

const WELL: ToldInsight = {
  ...{ atMs: NOW_MS, state: "ok", problems: [] },
  sentence: "All 1,234 acknowledged readings are accounted for; what is stored is 1 s old at most.",
};
const SINK_AWAY: ToldInsight = {
  ...{ atMs: NOW_MS, state: "wrong" },
  sentence: "The store does not take what is written: no answer; all readings are accounted for.",
  problems: [
    {
      ...{ kind: "sink_refuses", state: "wrong", region: null, runBook: "skerrystorerefuses" },
      ...{ text: "the store does not take what is written: no answer", next: "Start InfluxDB." },
    },
  ],
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
    insight: WELL,
    ...more,
  };
}

const verdict = (report: InstallationReport): string => verdictOf(report, problemsOf(report));

test("all well: the console's own sentence", () => {
  expect(verdict(installation())).toBe(WELL.sentence);
  expect(verdict(installation({ insight: null }))).toBe("Everything that was asked runs.");
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
  expect(verdict(report)).toBe(`${WELL.sentence} 1 alert is open.`);
  expect(screenLines(report).at(-1)).toBe("60 s ago  us      hot   room  firing  warning   hot");
});

test("what the hub finds wrong comes in its words, with the next step and the run book; then what is seen from here", () => {
  const report = installation({
    servers: [{ name: "influxd", address: "127.0.0.1:3", problem: "does not answer" }],
    gateway: null,
    insight: SINK_AWAY,
  });
  expect(screenLines(report).slice(0, 9)).toEqual([
    SINK_AWAY.sentence,
    "  the store does not take what is written: no answer",
    "    next: Start InfluxDB.",
    "    run book: docs/guides/run-books.md#skerrystorerefuses",
    "  influxd at 127.0.0.1:3: does not answer",
    "    next: Start influxd; the end of its log says why it ended.",
    "  gateway-us at 127.0.0.1:1: does not answer; its log is .skerry/logs/gateway-us.log",
    "    next: Start gateway-us; the end of its log says why it ended.",
    "",
  ]);
});

test("of an installation by units the log is in the journal", () => {
  const report = { ...installation({ gateway: null }), path: "/etc/skerry/addresses.json" };
  expect(verdict(report)).toContain("its log is in journalctl -u skerry-gateway");
});

test("what only this machine sees is the verdict where the hub finds nothing wrong", () => {
  const report = installation({ gateway: null });
  expect(verdict(report)).toMatch(/^gateway-us at 127\.0\.0\.1:1: does not answer/);
  const both = installation({ gateway: null, alerting: null });
  expect(verdict(both)).toBe("2 things are wrong:");
});

test("a log that refuses is told by its gateway where the hub does not hear it, and once where it does", () => {
  const gateway = { ...GATEWAY, log: { state: "refusing", detail: "no space" } } as GatewayStatus;
  const texts = (insight: ToldInsight | null): string[] =>
    problemsOf(installation({ gateway, insight })).map(({ text }) => text);
  const here = "gateway-us: the log refuses, so nothing is acknowledged: no space";
  expect(texts(WELL)).toEqual([here]);
  expect(texts(null)).toEqual([here]);
  const [sink] = SINK_AWAY.problems;
  const told = { ...sink!, kind: "log_refuses", region: "us", text: "the log of us is full" };
  expect(texts({ ...SINK_AWAY, problems: [told] })).toEqual(["the log of us is full"]);
});

test("rules that are not evaluated, jobs that fail, and ids that clients fight over", () => {
  const texts = problemsOf(
    installation({
      alerting: { ...ALERTING, rulesDisabled: { hot: "too slow" } },
      gateway: {
        ...GATEWAY,
        contestedClientIds: [
          { clientId: "pump", takeovers: 30, addresses: ["10.0.0.1", "10.0.0.2"] },
        ],
      },
    }),
  ).map(({ text }) => text);
  expect(texts).toEqual([
    "gateway-us: clients at 10.0.0.1 and 10.0.0.2 take client id pump from each other, 30 times a minute",
    "alerting-us: rule hot is not evaluated any more: too slow",
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

test("a lane of a log that has grown says that it has ended, and not how long nothing has come", () => {
  const before = installation();
  const [region] = before.regions;
  const lanes = region!.log!.lanes.map((lane) => ({ ...lane, hasEnded: true }));
  const after = { ...before, regions: [{ ...region!, log: { ...region!.log!, lanes } }] };
  const row = (of: InstallationReport) => screenLines(of).find((line) => line.startsWith("us/2"));
  expect(row(before)).not.toContain("ended");
  expect(row(after)).toContain("ended");
});
