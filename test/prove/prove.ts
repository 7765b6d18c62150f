// One proof: the local installation under a schedule of faults, then the ledger against everything.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { REGIONS, planLocal } from "../../infra/local/plan.ts";
import type { LocalPlan } from "../../infra/local/plan.ts";
import { checkPorts, takeDirectory } from "../../infra/local/preflight.ts";
import { ensurePrograms, searchDirectories } from "../../infra/local/prerequisites.ts";
import { makeSecrets } from "../../infra/local/secrets.ts";
import type { Report } from "../../infra/local/report.ts";
import { Session } from "../../infra/local/session.ts";
import { freePort } from "../support/free-port.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import {
  type AlertsCompared,
  type MailsCompared,
  PROVE_RULES,
  compareAlerts,
  compareMails,
} from "./alerts.ts";
import { type FaultTable, runFaults } from "./faults.ts";
import { SABOTAGES } from "./sabotage.ts";
import { type SetAsideCompared, compareSetAside } from "./set-aside-check.ts";
import { scheduleOf } from "./schedule.ts";
import { MailServer } from "../support/notifications.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";

export interface ProofOptions {
  readonly seed: number;
  readonly minutes: number;
  readonly rate: number;
  readonly devices: number;
  readonly sabotage: string | undefined;
  readonly say: (line: string) => void;
}

export interface Proof {
  readonly seed: number;
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
  readonly setAside: SetAsideCompared;
  readonly faults: FaultTable;
  readonly report: Report;
}

/** Every this many readings a room repeats one and has a wrong clock for some. */
const MISBEHAVE_EVERY = 60;
/** Rare, and never at the turn of a minute: kills come between late readings and their repair. */
const REPAIR_SCHEDULE = "15,45 * * * * *";
const PORTS = 30;
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
      secret: makeSecrets(),
      runId: `prove-${options.seed}`,
      passedEnv: { SKERRY_LOG_LEVEL: "warn" },
    },
  );
  await checkPorts([...plan.servers, ...plan.services, plan.simulator]);
  await using stack = new AsyncDisposableStack();
  const links = await throughProxies(stack, plan, portBase);
  if (options.sabotage !== undefined) sabotagePlan(plan, options.sabotage);
  const release = takeDirectory(directory.path, process.pid);
  stack.defer(release);
  const provoked = SABOTAGES[options.sabotage ?? ""]?.provokedBy ?? [];
  const schedule = [...scheduleOf(options.seed, options.minutes), ...provoked];
  let faults: FaultTable | null = null;
  const alerts: Record<string, AlertsCompared> = {};
  let mails: MailsCompared | null = null;
  let setAside: SetAsideCompared | null = null;
  const session = new Session(plan, {
    runForMs: null,
    reportWanted: true,
    dataDir: directory.path,
    terminal: false,
    say: options.say,
    alongside: async (supervisor, monitor, stopped) => {
      const world = { ...links, supervisor, monitor, say: options.say };
      faults = await runFaults(schedule, world, stopped);
    },
    inspect: async (connections, monitor) => {
      const { alerting } = await monitor.refresh();
      for (const region of REGIONS) {
        const engine = alerting.get(region);
        if (!engine) throw new Error(`the engine of ${region} does not answer`);
        options.say(`comparing the alerts of ${region}`);
        alerts[region] = await compareAlerts(connections[region], engine);
      }
      const toTell = Object.values(alerts).flatMap((compared) => compared.toTell);
      const kills = faults?.["kill-notifier"].count ?? 0;
      mails = await compareMails(mailServer.mails, toTell, { connections, kills });
      setAside = await compareSetAside(connections);
    },
  });
  const report = await session.run(stop);
  if (!report || faults === null || mails === null || setAside === null) return null;
  const { acknowledged, stored, duplicated, drained, rollups } = report;
  const missing = Math.max(report.missing, report.missingInLog);
  const figures = { acknowledged, stored, missing, duplicated, drained, rollups, alerts, mails };
  return { setAside, seed: options.seed, ...figures, faults, report };
}

async function throughProxies(stack: AsyncDisposableStack, plan: LocalPlan, portBase: number) {
  const listen = async (port: number, target: number): Promise<TcpProxy> =>
    stack.use(await TcpProxy.listen(port, target));
  const leafTarget = portBase + 2;
  const [eu, us, influx] = [portBase + 7, portBase + 8, portBase + 9];
  const links = {
    leaf: { eu: await listen(eu, leafTarget), us: await listen(us, leafTarget) },
    influx: await listen(influx, portBase + 3),
  };
  for (const [region, port] of Object.entries({ eu, us })) {
    const { env } = plan.servers.find(({ name }) => name === `nats-${region}`)!;
    env["NATS_LEAF_URL"] = env["NATS_LEAF_URL"]!.replace(`:${leafTarget}`, `:${port}`);
  }
  for (const { name, env } of plan.services) {
    if (!name.startsWith("aggregator")) continue;
    env["SKERRY_INFLUX_URL"] = `http://127.0.0.1:${influx}`;
    env["SKERRY_REPAIR_SCHEDULE"] = REPAIR_SCHEDULE;
  }
  for (const { name, env } of plan.services)
    if (name.startsWith("alerting-")) env["SKERRY_RULES"] = PROVE_RULES;
  plan.simulator.env["SKERRY_MISBEHAVE_EVERY"] = String(MISBEHAVE_EVERY);
  return links;
}

function sabotagePlan(plan: LocalPlan, mode: string): void {
  for (const { args, env } of plan.services) {
    args.unshift("--import", join(import.meta.dirname, "sabotage.ts"));
    env["SKERRY_PROVE_SABOTAGE"] = mode;
  }
}

/** The first of a row of free ports; the row is probed again before it is used. */
async function freePortRange(): Promise<number> {
  const port = await freePort();
  return port + PORTS < 65_000 ? port : port - 2 * PORTS;
}

export const isProven = ({
  missing,
  duplicated,
  rollups,
  alerts,
  mails,
  setAside,
  drained,
  acknowledged,
}: Proof): boolean =>
  missing + duplicated + rollups.wrong === 0 &&
  mails.missing + mails.unexpected === 0 &&
  mails.repeats <= mails.kills &&
  setAside.missing.length === 0 &&
  Object.values(alerts).every(isRight) &&
  drained &&
  acknowledged > 0;

const isRight = ({ expected, missing, unexpected, twice }: AlertsCompared): boolean =>
  expected > 0 && missing + unexpected + twice === 0;
