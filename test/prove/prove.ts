// One proof: the local installation under a schedule of faults, then the ledger against everything.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { REGIONS, type Region } from "../../infra/local/places.ts";
import { planLocal } from "../../infra/local/plan.ts";
import type { LocalPlan } from "../../infra/local/plan.ts";
import { checkPorts, takeDirectory } from "../../infra/local/preflight.ts";
import { ensurePrograms, searchDirectories } from "../../infra/local/prerequisites.ts";
import { makeSecrets } from "../../infra/local/secrets.ts";
import type { Report } from "../../infra/local/report.ts";
import type { Supervisor } from "../../infra/local/supervisor.ts";
import { Session } from "../../infra/local/session.ts";
import { connectNats } from "../../platform/nats/client/connect.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { makeLogger } from "../../platform/runtime/logger.ts";
import { freePort } from "../support/free-port.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import {
  type AlertsCompared,
  type MailsCompared,
  PROVE_RULES,
  compareAlerts,
  compareMails,
} from "./alerts.ts";
import { CLUSTER_PORTS, type ClusterPlans, NODES, makeClusters } from "./clusters.ts";
import { type FaultTable, type Link, runFaults } from "./faults.ts";
import { type LedgerCompared, compareLedger } from "./ledger-check.ts";
import { patiently } from "./patiently.ts";
import { SABOTAGES } from "./sabotage.ts";
import { type Fault, type FaultKind, NODE_KILLS, nodeKillsOf, scheduleOf } from "./schedule.ts";
import { type SetAsideCompared, compareSetAside } from "./set-aside-check.ts";
import { Strangers, type StrangersCompared } from "./strangers/run.ts";
import type { Outage } from "./strangers/stranger.ts";
import { MailServer } from "../support/notifications.ts";
import { TcpProxy } from "../../infra/local/demo/tcp-proxy.ts";

export interface ProofOptions {
  readonly seed: number;
  readonly minutes: number;
  readonly rate: number;
  readonly devices: number;
  /** Three: the hub and region eu are clusters, whose servers are killed beside everything else. */
  readonly replicas?: 1 | 3;
  readonly sabotage: string | undefined;
  readonly say: (line: string) => void;
}

export interface Proof {
  readonly seed: number;
  readonly replicas: 1 | 3;
  readonly acknowledged: number;
  readonly stored: number;
  /** Acknowledged readings that InfluxDB or the region's log does not hold, whichever lacks more. */
  readonly missing: number;
  readonly duplicated: number;
  readonly drained: boolean;
  readonly rollups: Report["rollups"];
  /** By region. */
  readonly alerts: Readonly<Record<string, AlertsCompared>>;
  readonly mails: MailsCompared;
  readonly strangers: StrangersCompared;
  readonly setAside: SetAsideCompared;
  readonly ledger: LedgerCompared;
  readonly faults: FaultTable;
  readonly report: Report;
}

/** Every this many readings a room repeats one and has a wrong clock for some. */
const MISBEHAVE_EVERY = 60;
/** Rare, and never at the turn of a minute: kills come between late readings and their repair. */
const REPAIR_SCHEDULE = "15,45 * * * * *";
const PORTS = 33;
/** Where regions reach the further servers of a hub that is a cluster. */
const FURTHER_LEAVES = 2 * (NODES - 1);
/** More than one, so that lanes can be mistaken for each other. */
const PARTITIONS = 2;
const SILENT = makeLogger({}, "silent");
/** While these last, nobody can say how fast a region alerts. */
const STOPS_A_REGION: ReadonlySet<FaultKind> = new Set([
  "kill-gateway",
  "kill-alerting",
  "kill-nats-region",
  "freeze-gateway",
  "freeze-alerting",
  "freeze-nats-region",
  ...NODE_KILLS.filter((kind) => kind.startsWith("kill-nats-eu-")),
]);
/** Fast enough that every alert has a mail of its own. */
const MAIL_CHANNEL = {
  name: "prove",
  kind: "email",
  from: "skerry@example.org",
  to: ["people@example.org"],
  ratePerMinute: 60_000,
};

/** @returns null if it was stopped before the comparison. */
export async function prove(options: ProofOptions, stop: AbortSignal): Promise<Proof | null> {
  await using directory = await temporaryDirectory();
  await using mailServer = await MailServer.start();
  const channels = join(directory.path, "channels.json");
  await writeFile(channels, JSON.stringify([MAIL_CHANNEL]));
  const portBase = await freePortRange();
  const programs = ensurePrograms({
    directories: searchDirectories(process.env["PATH"] ?? ""),
    root: process.getuid?.() === 0,
    say: options.say,
  });
  const plan = planLocal(
    {
      portBase,
      dataDir: directory.path,
      devices: options.devices,
      rate: options.rate,
      keepTimes: false,
      aggregators: 2,
      channels,
      smtpUrl: mailServer.url,
    },
    {
      programs,
      node: process.execPath,
      secret: makeSecrets(directory.path),
      runId: `prove-${options.seed}`,
      passedEnv: { SKERRY_LOG_LEVEL: "warn" },
    },
  );
  const { replicas = 1, seed, minutes } = options;
  const clusters = replicas === 1 ? null : makeClusters(plan, portBase + PORTS + FURTHER_LEAVES);
  await checkPorts([...plan.servers, ...plan.services, plan.simulator]);
  await using stack = new AsyncDisposableStack();
  const links = await throughProxies(stack, plan, portBase);
  if (options.sabotage !== undefined) sabotagePlan(plan, options.sabotage);
  const release = takeDirectory(directory.path, process.pid);
  stack.defer(release);
  const provoked = SABOTAGES[options.sabotage ?? ""]?.provokedBy ?? [];
  const nodeKills = clusters ? nodeKillsOf(seed, minutes) : [];
  const schedule = [...scheduleOf(seed, minutes), ...nodeKills, ...provoked];
  let faults: FaultTable | null = null;
  const alerts: Record<string, AlertsCompared> = {};
  let mails: MailsCompared | null = null;
  const strangers = new Strangers({
    seed: options.seed,
    mqtt: plan.addresses.mqtt,
    http: plan.addresses.http,
    influx: plan.addresses.influx,
  });
  let strangersCompared: StrangersCompared | null = null;
  const outages: Outage[] = [];
  let supervised: Supervisor | null = null;
  let setAside: SetAsideCompared | null = null;
  let ledger: LedgerCompared | null = null;
  const session = new Session(plan, {
    partitions: PARTITIONS,
    ...(clusters && { others: othersOf(clusters) }),
    runForMs: null,
    reportWanted: true,
    dataDir: directory.path,
    terminal: false,
    say: options.say,
    alongside: async (supervisor, monitor, stopped) => {
      supervised = supervisor;
      const over = (fault: Fault, fromMs: number, untilMs: number): void => {
        if (STOPS_A_REGION.has(fault.kind)) outages.push({ region: fault.region, fromMs, untilMs });
      };
      const world = { ...links, supervisor, monitor, say: options.say, over };
      const connect = async (region: Region): Promise<NatsConnection> => {
        const others = region === "eu" && clusters ? { others: clusters.eu.others } : {};
        const target = { url: plan.addresses.nats[region], name: "prove", ...others };
        const connection = await connectNats(target, SILENT, stopped);
        stack.defer(() => connection.close());
        return connection;
      };
      const running = runFaults(schedule, world, stopped).then((table) => (faults = table));
      await strangers.live({ monitor, connect, say: options.say, stop: stopped }, running);
    },
    inspect: async (connections, monitor) => {
      const { alerting } = await monitor.refresh();
      for (const region of REGIONS) {
        const engine = alerting.get(region);
        if (!engine) throw new Error(`the engine of ${region} does not answer`);
        options.say(`comparing the alerts of ${region}`);
        alerts[region] = await patiently(() => compareAlerts(connections[region], engine));
      }
      const toTell = Object.values(alerts).flatMap((compared) => compared.toTell);
      const kills = faults?.["kill-notifier"].count ?? 0;
      options.say("comparing what strangers sent");
      const { restarts } = supervised!;
      strangersCompared = await patiently(() => strangers.compare(restarts, outages));
      mails = await patiently(() => compareMails(mailServer.mails, toTell, { connections, kills }));
      options.say("comparing the ledger");
      ledger = await patiently(() => compareLedger(connections));
      setAside = await patiently(() => compareSetAside(connections));
    },
  });
  const report = await session.run(stop);
  if (!report || faults === null || mails === null || strangersCompared === null) return null;
  if (setAside === null || ledger === null) return null;
  const { acknowledged, stored, duplicated, drained, rollups } = report;
  const missing = Math.max(report.missing, report.missingInLog);
  const figures = { acknowledged, stored, missing, duplicated, drained, rollups, alerts, mails };
  return {
    seed: options.seed,
    replicas,
    ...figures,
    strangers: strangersCompared,
    setAside,
    ledger,
    faults,
    report,
  };
}

async function throughProxies(stack: AsyncDisposableStack, plan: LocalPlan, portBase: number) {
  const listen = async (port: number, target: number): Promise<TcpProxy> =>
    stack.use(await TcpProxy.listen(port, target));
  const influx = portBase + 32;
  const leaf: Record<Region, Link[]> = { eu: [], us: [] };
  const hubs = plan.servers.filter(({ name }) => /^nats-hub(-\d)?$/.test(name));
  for (const [node, { ports }] of hubs.entries())
    for (const [at, region] of REGIONS.entries()) {
      const port = node === 0 ? portBase + 30 + at : portBase + PORTS + 2 * (node - 1) + at;
      leaf[region].push(await listen(port, ports["leaf"]!));
      for (const { name, env } of plan.servers) {
        if (!name.startsWith(`nats-${region}`)) continue;
        const variable = node === 0 ? "NATS_LEAF_URL" : `NATS_LEAF_URL_${node + 1}`;
        env[variable] = env["NATS_LEAF_URL"]!.replace(/:\d+$/, `:${port}`);
      }
    }
  const links = { leaf, influx: await listen(influx, portBase + 3) };
  for (const { name, env } of plan.services) {
    if (!name.startsWith("aggregator")) continue;
    env["SKERRY_INFLUX_URL"] = `http://writer@127.0.0.1:${influx}`;
    env["SKERRY_REPAIR_SCHEDULE"] = REPAIR_SCHEDULE;
  }
  for (const { name, env } of plan.services)
    if (name.startsWith("alerting-")) env["SKERRY_RULES"] = PROVE_RULES;
  plan.simulator.env["SKERRY_MISBEHAVE_EVERY"] = String(MISBEHAVE_EVERY);
  return links;
}

const othersOf = (clusters: ClusterPlans) => ({
  hub: clusters.hub.others,
  eu: clusters.eu.others,
});

function sabotagePlan(plan: LocalPlan, mode: string): void {
  for (const { args, env } of plan.services) {
    args.unshift("--import", join(import.meta.dirname, "sabotage.ts"));
    env["SKERRY_PROVE_SABOTAGE"] = mode;
  }
}

/** The first of a row of free ports; the row is probed again before it is used. */
async function freePortRange(): Promise<number> {
  const port = await freePort();
  const ports = PORTS + FURTHER_LEAVES + CLUSTER_PORTS;
  return port + ports < 65_000 ? port : port - 2 * ports;
}

export const isProven = (proof: Proof): boolean => failedIn(proof).length === 0;

/** The comparisons that a run fails. */
export function failedIn(proof: Proof): string[] {
  const { missing, duplicated, rollups, mails, drained, acknowledged } = proof;
  const verdicts: [string, boolean][] = [
    ["readings", missing + duplicated === 0 && acknowledged > 0],
    ["rollups", rollups.wrong === 0],
    ...Object.entries(proof.alerts).map(([region, of]): [string, boolean] => [
      `alerts of ${region}`,
      isRight(of),
    ]),
    ["mails", mails.missing + mails.unexpected === 0 && mails.repeats <= mails.kills],
    ...Object.entries(proof.strangers).map(([name, { wrong }]): [string, boolean] => [
      `stranger ${name}`,
      wrong.length === 0,
    ]),
    ["set aside", proof.setAside.missing.length === 0],
    ["ledger", proof.ledger.wrong.length === 0 && proof.ledger.acknowledged > 0],
    ["the path that did not drain", drained],
  ];
  return verdicts.flatMap(([what, right]) => (right ? [] : [what]));
}

const isRight = ({ expected, missing, unexpected, twice }: AlertsCompared): boolean =>
  expected > 0 && missing + unexpected + twice === 0;
