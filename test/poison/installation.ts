// The whole installation as `npm start` runs it, poisoned while bystanders raise alerts.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type {
  AggregatorStatus,
  AlertingStatus,
  LaneStatus,
} from "../../contracts/messages/status.ts";
import { planLocal } from "../../infra/local/plan.ts";
import { checkPorts, takeDirectory } from "../../infra/local/preflight.ts";
import { ensurePrograms, searchDirectories } from "../../infra/local/prerequisites.ts";
import { makeSecrets } from "../../infra/local/secrets.ts";
import { problemsOf } from "../../infra/local/report.ts";
import { Session } from "../../infra/local/session.ts";
import { PARTITIONS_DEFAULT } from "../../platform/nats/topology/topology.ts";
import { connectOnce } from "../../platform/nats/client/connection.ts";
import { signRecords } from "../../platform/nats/signed/seal.ts";
import { readSigningKey } from "../../platform/nats/signed/trusted-keys.ts";
import { PROBE_RULE } from "../bench/alert-probe.ts";
import { freePort } from "../support/free-port.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { watchBystanders } from "./bystanders.ts";
import { type Tried, prepare, tryPoisons } from "./try-poisons.ts";

export interface Outcome {
  readonly tried: readonly Tried[];
  /** Processes that were started again, and how often. */
  readonly restarts: Readonly<Record<string, number>>;
  /** What the end of the run found wrong with the readings of the simulated devices. */
  readonly problems: readonly string[];
  /** Lanes that stand still, with the reason. */
  readonly standing: readonly string[];
  /** Bystanders' alerts, from publish to the local MQTT alert. */
  readonly alerts: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface PoisonOptions {
  /** Bystanders raise and clear alerts for so long; the poisons come after the first tenth. */
  readonly seconds: number;
  readonly rate: number;
  readonly say: (line: string) => void;
}

const REGION = "eu";
const PORTS = 30;
const CHANNEL = { name: "nobody", kind: "webhook", format: "json" };

/** @returns null if it was stopped before. */
export async function poisonInstallation(
  { seconds, rate, say }: PoisonOptions,
  stop: AbortSignal,
): Promise<Outcome | null> {
  await using directory = await temporaryDirectory();
  await using stack = new AsyncDisposableStack();
  const port = await freePort();
  const portBase = port + PORTS < 65_000 ? port : port - 2 * PORTS;
  const write = (name: string, value: unknown): string => {
    const path = join(directory.path, name);
    writeFileSync(path, JSON.stringify(value));
    return path;
  };
  const url = `http://127.0.0.1:${await freePort()}/`;
  const programs = ensurePrograms({
    directories: searchDirectories(process.env["PATH"] ?? ""),
    root: process.getuid?.() === 0,
    say,
  });
  const plan = planLocal(
    {
      portBase,
      dataDir: directory.path,
      devices: 20,
      rate,
      keepTimes: false,
      aggregators: 1,
      channels: write("channels.json", [{ ...CHANNEL, url }]),
      smtpUrl: null,
    },
    {
      programs,
      node: process.execPath,
      secret: makeSecrets(directory.path),
      runId: "poison",
      passedEnv: { SKERRY_LOG_LEVEL: "error" },
    },
  );
  await checkPorts([...plan.servers, ...plan.services, plan.simulator]);
  const rules = write("rules.json", [PROBE_RULE]);
  for (const { name, env } of plan.services)
    if (name.startsWith("alerting-")) env["SKERRY_RULES"] = rules;
  stack.defer(takeDirectory(directory.path, process.pid));
  let outcome: Omit<Outcome, "problems"> | null = null;
  const session = new Session(plan, {
    runForMs: null,
    reportWanted: false,
    dataDir: directory.path,
    terminal: false,
    say,
    alongside: async (supervisor) => {
      const { nats, mqtt, http, status } = plan.addresses;
      const connect = async (at: string) => {
        const nats = await connectOnce({ url: at, reconnect: true, timeoutMs: 2_000 });
        stack.defer(() => nats.close());
        return nats;
      };
      const into = {
        region: REGION,
        partitions: PARTITIONS_DEFAULT,
        mqttPort: Number(new URL(mqtt[REGION]).port),
        httpPort: Number(new URL(http[REGION]).port),
        regionNats: await connect(nats[REGION]),
        hubNats: await connect(nats.hub),
      };
      // Whoever has the key writes the poison: without a signature none would be looked into.
      signRecords(
        into.hubNats,
        readSigningKey(plan.addresses.signingKey, "the installation's key"),
      );
      const ask = async <T>(name: string): Promise<T> =>
        (await (await fetch(status[name]!)).json()) as T;
      const statuses = {
        alerting: () => ask<AlertingStatus>(`alerting-${REGION}`),
        aggregator: () => ask<AggregatorStatus>("aggregator"),
      };
      await prepare(into);
      say(`bystanders raise alerts for ${seconds} s`);
      const bystanders = watchBystanders({ port: into.mqttPort, seconds });
      bystanders.catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, seconds * 100));
      say("the poisons come");
      const tried = await tryPoisons(into, statuses);
      const { publishMs, alerts } = await bystanders;
      const lanes: LaneStatus[] = [];
      for (const name of ["alerting-eu", "alerting-us", "aggregator"])
        lanes.push(...(await ask<AlertingStatus | AggregatorStatus>(name)).lanes);
      const standing = lanes.flatMap(({ region, partition, stoppedBy }) =>
        stoppedBy === null ? [] : [`${region}/${partition} ${stoppedBy}`],
      );
      const [p50Ms, p99Ms] = [publishMs.p50, publishMs.p99];
      outcome = { tried, restarts: supervisor.restarts, standing, alerts, p50Ms, p99Ms };
    },
  });
  const report = await session.run(stop);
  if (!report || outcome === null) return null;
  return { ...(outcome as Omit<Outcome, "problems">), problems: problemsOf(report) };
}
