// One run of the local installation: servers, topology, services, devices; then until the time is up
// or somebody says stop; then devices first, drain, report, and everything down.
import { existsSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import logUpdate from "log-update";
import { InsightWatch } from "../../cloud/insight/watch.ts";
import { presentLanes } from "../../contracts/names/lane-stages.ts";
import { telemetryStream } from "../../contracts/names/subjects.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import type { NatsAccess } from "../../platform/nats/client/access.ts";
import { connectNats } from "../../platform/nats/client/connect.ts";
import { signAll } from "../../cloud/operations/signing/sign-all.ts";
import { signRecords } from "../../platform/nats/signed/seal.ts";
import { readSigningKey } from "../../platform/nats/signed/trusted-keys.ts";
import { applyTopology, stagesOf } from "../../platform/nats/topology/apply-topology.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { beginAtOwnLevel, isNewInstallation } from "../../platform/nats/topology/first-level.ts";
import { WHOLE_VERSIONS, weaknessesOf } from "../../platform/nats/topology/server-versions.ts";
import { PARTITIONS_DEFAULT, type Replicas } from "../../platform/nats/topology/topology.ts";
import { sleep } from "../../platform/runtime/backoff.ts";
import { AppError } from "../../platform/runtime/errors.ts";
import { makeLogger } from "../../platform/runtime/logger.ts";
import { makePrivateDirectory } from "../../platform/runtime/private-files.ts";
import { type Incident, incidentLine } from "./incident.ts";
import { Monitor, lanesPassed } from "./monitor.ts";
import { renderPanel } from "./panel.ts";
import { type Addresses, REGIONS, type Region } from "./places.ts";
import type { LocalPlan } from "./plan.ts";
import { type Report, type StreamMarks, makeReport, streamMarks } from "./report.ts";
import { KEEP_OPTION } from "../../cloud/sinks/influx/options.ts";
import { parseKeeps } from "../../cloud/sinks/influx/retention.ts";
import { makeInfluxUsers } from "./influx-users.ts";
import { openPage } from "./open-page.ts";
import { plainLine } from "./plain-line.ts";
import { writeSecrets } from "./secrets.ts";
import { Supervisor } from "./supervisor.ts";
import { jetStreamProbe, watchJetStream } from "./watchdog.ts";

const LOG_BYTES_MAX = 4 * 1024 ** 3;
const PATH_READY_MS = 15_000;
/** After `--run-for`, how long devices may wait for their last acknowledgements. */
const DEVICES_GRACE_MS = 30_000;
/** After that, how long the path may take to drain: an outage may be in progress. */
const DRAIN_MS = 120_000;
/** A minute until it is over, its lateness, and some runs of the repair job. */
const REPAIR_MS = 90_000;
/** After Ctrl-C everything is gone within 10 s, a report included: so it cannot wait long. */
const HURRIED = { devicesMs: 1_500, drainMs: 1_500 };
const PLAIN_LINE_EVERY_MS = 10_000;
/** Those of half a second; a process that logs errors in a row is in its own log. */
const INCIDENTS_SAID_MAX = 5;

type Connections = Record<"hub" | Region, NatsConnection>;

/** The work beside the devices; the run is over when it resolves. */
export type Alongside = (
  supervisor: Supervisor,
  monitor: Monitor,
  stop: AbortSignal,
) => Promise<void>;

/** Looks at what the run left behind, before the report is made and everything stops. */
export type Inspect = (
  connections: Readonly<Record<"hub" | Region, NatsConnection>>,
  monitor: Monitor,
) => Promise<void>;

export interface SessionOptions {
  readonly alongside?: Alongside;
  readonly inspect?: Inspect;
  /** Lanes of each region's log, where there is none yet; null: as the program has it. */
  readonly partitions?: number | null;
  /** Further servers of clusters of three, `host:port`, by the name of the first one's place. */
  readonly others?: Readonly<Partial<Record<"hub" | Region, readonly string[]>>>;
  runForMs: number | null;
  reportWanted: boolean;
  dataDir: string;
  /** Draw a panel in place; otherwise print a line every 10 s. */
  terminal: boolean;
  /** Open the console in a browser. */
  readonly desktop?: boolean;
  say: (line: string) => void;
}

export class Session {
  readonly #plan: LocalPlan;
  readonly #options: SessionOptions;
  readonly #supervisor: Supervisor;
  readonly #monitor: Monitor;
  /** Quiet: what matters is in the panel and in the children's logs. */
  readonly #logger = makeLogger({ process: "launcher" }, "silent");
  readonly #background = new AbortController();
  #connections: Connections | null = null;
  #insight: InsightWatch | null = null;
  #partitions = PARTITIONS_DEFAULT;

  constructor(plan: LocalPlan, options: SessionOptions) {
    this.#plan = plan;
    this.#options = options;
    this.#supervisor = new Supervisor(options.dataDir, options.say);
    this.#monitor = new Monitor(plan, this.#supervisor);
  }

  /** The processes. */
  get supervisor(): Supervisor {
    return this.#supervisor;
  }

  /** Everything that went wrong so far. */
  get incidents(): { incidents: readonly Incident[]; incidentsTotal: number } {
    const { incidents, incidentsTotal } = this.#supervisor;
    return { incidents, incidentsTotal };
  }

  /** @returns the report, or null if none was asked for; nothing is left running either way. */
  async run(stop: AbortSignal): Promise<Report | null> {
    const report = await this.#run(stop);
    // Also those of the stop itself.
    return report && { ...report, ...this.incidents };
  }

  async #run(stop: AbortSignal): Promise<Awaited<ReturnType<typeof makeReport>> | null> {
    try {
      const begin = await this.#startAll(stop);
      if (stop.aborted || !begin) return null;
      const { alongside } = this.#options;
      if (alongside) await alongside(this.#supervisor, this.#monitor, stop);
      else await this.#showUntilDone(stop);
      return await this.#finish(begin, stop.aborted);
    } finally {
      this.#background.abort();
      await this.#supervisor.stop();
      for (const connection of Object.values(this.#connections ?? {})) await connection.close();
    }
  }

  async #startAll(stop: AbortSignal): Promise<{ at: Date; marks: StreamMarks } | null> {
    const { files, servers, services, simulator, isSimulated, addresses } = this.#plan;
    for (const { path, text } of files) {
      makePrivateDirectory(dirname(path));
      writeFileSync(path, text);
    }
    const isFirstKey = !existsSync(addresses.signingKey);
    writeSecrets(this.#plan.secretFiles);
    this.#options.say("starting nats-server (hub, eu, us) and influxd");
    await this.#supervisor.start(servers, stop);
    if (stop.aborted) return null;
    const keep = parseKeeps(
      services.find(({ name }) => name === "steward")?.env[KEEP_OPTION.influxKeep.env] ?? "",
    );
    await makeInfluxUsers(this.#plan.influx, keep, this.#options.say);
    const connect = (server: "hub" | Region): Promise<NatsConnection> =>
      connectNats({ ...this.#accessTo(server), name: "launcher" }, this.#logger, stop);
    const [hub, eu, us] = await Promise.all([connect("hub"), connect("eu"), connect("us")]);
    const connections: Connections = { hub, eu, us };
    const version = hub.info?.version ?? "";
    if (weaknessesOf(version).length > 0)
      this.#options.say(
        `nats-server ${version} will do here; where regions must not trust each other take ${WHOLE_VERSIONS} or newer`,
      );
    this.#connections = connections;
    const partitions = await partitionsOf(connections, this.#options);
    this.#partitions = partitions;
    this.#insight = new InsightWatch({
      ...{ connection: connections.hub, regions: REGIONS, partitions },
      ...{ logger: this.#logger, channels: true },
      ledger: () => this.#monitor.latest.steward?.ledger ?? null,
    });
    const replicas = Object.fromEntries(
      Object.keys(this.#options.others ?? {}).map((server): [string, Replicas] => [server, 3]),
    );
    const stages = await stagesOf(connections, REGIONS);
    const logs = { regions: REGIONS, partitions, stages, logBytesMax: LOG_BYTES_MAX };
    const isNew = await isNewInstallation(connections);
    await applyTopology(connections, { ...logs, replicas });
    if (isNew) await beginAtOwnLevel(hub);
    // Later ones are for whoever has looked: what is unsigned then may be forged.
    if (isFirstKey) await this.#signAll(connections.hub, addresses.signingKey);
    if (stop.aborted) return null;
    this.#options.say("starting gateways, alerting engines and the aggregator");
    const told = { SKERRY_PARTITIONS: String(partitions) };
    const plans = services.map((plan) => ({ ...plan, env: { ...plan.env, ...told } }));
    await this.#supervisor.start(plans, stop);
    if (stop.aborted) return null;
    this.#monitor.connect(connections);
    // The first frames of every lane have come all the way: mirrors are linked, lanes are read.
    if (!(await this.#caughtUp(PATH_READY_MS, stop)) && !stop.aborted)
      this.#options.say("the path is slow to come up; going on all the same");
    const begin = { at: new Date(), marks: await streamMarks(connections) };
    this.#watchInBackground();
    if (isSimulated) {
      this.#options.say("starting the devices");
      await this.#supervisor.start([simulator], stop);
    }
    this.#options.say(
      `the console: ${this.#plan.loginUrl} (logs in once, within 10 minutes; later: npx skerry console login)`,
    );
    if (this.#options.desktop) openPage(this.#plan.loginUrl);
    const path = join(this.#options.dataDir, "addresses.json");
    writeFileSync(path, `${JSON.stringify(addresses, null, 2)}\n`, { mode: 0o600 });
    return begin;
  }

  #accessTo(server: "hub" | Region): NatsAccess {
    const { addresses } = this.#plan;
    const { [server]: others } = this.#options.others ?? {};
    return { ...accessTo(addresses.nats[server], addresses), ...(others && { others }) };
  }

  /** Signs what an installation from before there was a key holds. */
  async #signAll(hub: NatsConnection, keyFile: string): Promise<void> {
    signRecords(hub, readSigningKey(keyFile, "the key of records"));
    const signed = (await signAll(hub)).length;
    if (signed > 0) this.#options.say(`${signed} records of before are signed now`);
  }

  #watchInBackground(): void {
    const { signal } = this.#background;
    void this.#monitor.watch(signal);
    void this.#insight?.run(signal);
    for (const name of ["hub", ...REGIONS] as const) {
      if (this.#options.others?.[name]) continue; // A probe may be answered by another one.
      const child = this.#supervisor.get(`nats-${name}`);
      const killed = (what: string): void =>
        this.#supervisor.report({ at: new Date(), process: `nats-${name}`, what });
      void watchJetStream(child, jetStreamProbe(this.#accessTo(name)), killed, signal);
    }
  }

  async #showUntilDone(stop: AbortSignal): Promise<void> {
    const { runForMs, terminal, say } = this.#options;
    const startedMs = performance.now();
    let plainAtMs = 0;
    let saidIncidents = 0;
    while (!stop.aborted) {
      const elapsedMs = performance.now() - startedMs;
      if (runForMs !== null && elapsedMs >= runForMs) break;
      if (terminal) logUpdate(this.#panel(elapsedMs));
      else {
        const { incidents, incidentsTotal } = this.#supervisor;
        const news = Math.min(incidentsTotal - saidIncidents, INCIDENTS_SAID_MAX);
        saidIncidents = incidentsTotal;
        if (news > 0)
          for (const one of incidents.slice(-news)) say(`incident: ${incidentLine(one)}`);
        if (elapsedMs >= plainAtMs) {
          plainAtMs += PLAIN_LINE_EVERY_MS;
          say(this.#plainLine(elapsedMs));
        }
      }
      await sleep(Math.min(500, Math.max(0, (runForMs ?? Infinity) - elapsedMs)), stop);
    }
    if (terminal) logUpdate.done();
  }

  #panel(elapsedMs: number): string {
    const { previous, latest } = this.#monitor;
    return renderPanel({
      elapsedSeconds: elapsedMs / 1000,
      runForSeconds: this.#options.runForMs === null ? null : this.#options.runForMs / 1000,
      isSimulated: this.#plan.isSimulated,
      previous,
      latest,
      latency: this.#monitor.latency().all,
      ...this.incidents,
      looping: this.#supervisor.looping,
      addresses: this.#plan.addresses,
    });
  }

  #plainLine(elapsedMs: number): string {
    const { aggregator, simulator, alerting } = this.#monitor.latest;
    return plainLine({
      elapsedSeconds: elapsedMs / 1000,
      sentence: this.#insight?.latest?.sentence ?? null,
      next: this.#insight?.latest?.problems[0]?.next ?? null,
      looping: this.#supervisor.looping,
      acknowledged: simulator?.acknowledged ?? 0,
      stored: aggregator?.readingsStored ?? 0,
      openAlerts: [...alerting.values()].reduce((sum, { openAlerts }) => sum + openAlerts, 0),
    });
  }

  async #finish(
    begin: { at: Date; marks: StreamMarks },
    hurried: boolean,
  ): Promise<Awaited<ReturnType<typeof makeReport>> | null> {
    if (hurried && !this.#options.reportWanted) return null;
    const { say } = this.#options;
    if (this.#plan.isSimulated) {
      say("stopping the devices");
      await this.#supervisor.get("simulator").stop(hurried ? HURRIED.devicesMs : DEVICES_GRACE_MS);
    }
    say("draining the path");
    const drained = await this.#caughtUp(hurried ? HURRIED.drainMs : DRAIN_MS);
    if (!drained) say("the path did not drain in time; the report says what is missing");
    if (!hurried && !(await this.#repaired()))
      say("repairs of late readings are not finished; the report counts them as wrong");
    await this.#options.inspect?.(this.#connections!, this.#monitor);
    return makeReport({
      plan: this.#plan,
      monitor: this.#monitor,
      connections: this.#connections!,
      begin,
      drained,
      settleMs: hurried ? 0 : 5_000,
      restarts: this.#supervisor.restarts,
      crashLoops: this.#supervisor.crashLoops,
      logger: this.#logger,
    });
  }

  /** Until the rollups of late readings are recomputed; their minute has to be over. */
  async #repaired(): Promise<boolean> {
    const deadlineMs = performance.now() + REPAIR_MS;
    while (performance.now() < deadlineMs) {
      if ((await this.#monitor.refresh()).aggregator?.repairsWaiting === 0) return true;
      await sleep(200);
    }
    return false;
  }

  /** Until the aggregator and the engines passed what each region's log holds now. */
  async #caughtUp(timeoutMs: number, stop?: AbortSignal): Promise<boolean> {
    const deadlineMs = performance.now() + timeoutMs;
    let goals: ReadonlyMap<Region, number> | null = null;
    const stages = await stagesOf(this.#connections!, REGIONS);
    const present = new Map(
      REGIONS.map((region) => [region, presentLanes(stages[region] ?? [this.#partitions])]),
    );
    while (performance.now() < deadlineMs && !stop?.aborted) {
      const { lastSeq, aggregator, alerting } = await this.#monitor.refresh();
      if (!goals && lastSeq.size === REGIONS.length && Math.min(...lastSeq.values()) > 0)
        goals = lastSeq;
      const passed = [...(goals ?? [])].filter(
        ([region, seq]) =>
          lanesPassed(aggregator?.lanes ?? [], region, seq, present.get(region)!) &&
          lanesPassed(alerting.get(region)?.lanes ?? [], region, seq, present.get(region)!),
      );
      if (passed.length === REGIONS.length) return true;
      await sleep(200);
    }
    return false;
  }
}

const accessTo = (url: string, { ca }: Addresses): NatsAccess => ({
  url,
  ...(ca === undefined ? {} : { tls: { ca, minVersion: "TLSv1.2" } }),
});

/** The partitions of the logs that the data directory holds; else what was asked for. @throws AppError `CONFIG_INVALID`, where they differ. */
async function partitionsOf(
  { eu }: Connections,
  { partitions: asked, dataDir }: SessionOptions,
): Promise<number> {
  const log = await new Streams(eu).find(telemetryStream("eu"));
  const held = log?.subjects.length ?? null;
  if (held !== null && asked && asked !== held)
    throw new AppError(
      "CONFIG_INVALID",
      "fatal",
      `--partitions ${asked}: the logs in ${dataDir} have ${held}; leave it out, choose another --data-dir, or let them grow while they run: npx skerry topology apply`,
    );
  return held ?? asked ?? PARTITIONS_DEFAULT;
}
