// The steward: the hub's scheduled work. It cares for the copies of the regions' logs, compares log and sink,
// and keeps the standing ledger.
import cron from "node-cron";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import type { Catalog } from "../../contracts/schema/catalog.ts";
import { type HubCopy, openRollbacks, rollbacksIn } from "../../contracts/messages/copy.ts";
import type { StewardStatus, VolumeSize } from "../../contracts/messages/status.ts";
import type { ReconciliationSource, RetentionSource } from "../sinks/sink.ts";
import { reconciledHour, saveReconciledHour } from "../../platform/nats/lanes/reconciled-hours.ts";
import {
  SET_ASIDE_RULE,
  type SetAsideGroup,
  watchSetAside,
} from "../../platform/nats/lanes/set-aside-watch.ts";
import { ServerWatch } from "../../platform/nats/client/server-watch.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { insist } from "../../platform/runtime/insist.ts";
import { RejectKeeper } from "../../platform/nats/lanes/reject-keeper.ts";
import { makeRoom } from "../../platform/nats/lanes/reject-room.ts";
import { HUB } from "../../platform/nats/topology/topology.ts";
import { sleep } from "../../platform/runtime/backoff.ts";
import { messageOf } from "../../platform/runtime/errors.ts";
import type { Logger } from "../../platform/runtime/logger.ts";
import type { Tracing } from "../../otel/tracing.ts";
import type { HealthCheck } from "../../platform/runtime/health.ts";
import type { StatusSource } from "../../platform/runtime/status-server.ts";
import type { Insight } from "../insight/insight.ts";
import { statusesOf } from "../insight/facts.ts";
import { insightChecks } from "../insight/health.ts";
import { RejectCounts } from "../insight/ledger/reject-counts.ts";
import { wentBackText } from "../insight/went-back.ts";
import { InsightWatch } from "../insight/watch.ts";
import { careForCopy } from "./copies.ts";
import { HubAlerts } from "../hub-alerts.ts";
import { FenceWatch } from "./fence-watch.ts";
import { LedgerStore } from "./ledger-store.ts";
import { LedgerWatch } from "./ledger-watch.ts";
import { RollbackWatch, type WentOn } from "./rollback-watch.ts";
import { StandingCopies } from "./standing-copies.ts";
import { VolumeWatch } from "./volume-watch.ts";
import { HOUR_MS, reconcileHour } from "./reconciliation.ts";

export interface StewardConfig {
  readonly regions: readonly string[];
  readonly partitions: number;
  readonly logKeep: number;
  readonly copySchedule: string;
  readonly reconcileSchedule: string;
  /** Name of the sink, as in SKERRY_SINK. */
  readonly sink: string;
}

export interface StewardParts {
  readonly connection: NatsConnection;
  /** Null for a sink that cannot say what it holds. */
  readonly source: ReconciliationSource | null;
  /** Null where no time is configured. */
  readonly retention: RetentionSource | null;
  readonly catalog: Catalog;
  /** Volumes that this process measures. */
  readonly volumes: () => readonly VolumeSize[];
  readonly tracing: Tracing;
  readonly logger: Logger;
}

/** Hours that a steward which was away looks back at. */
const HOURS_BACK_MAX = 24;

/** Growth is taken from a sample a minute. */
const VOLUME_SCHEDULE = "30 * * * * *";

/** It writes at the hub as often as any: a store that takes nothing is known by it. */
const COPIES_JOB = "copies";
/** Streams of a region that went back behind the hub's copies, and have not gone on yet; the key is the region. */
const WENT_BACK_RULE = "region_went_back";
const ROLLBACK_LOOK_EVERY_MS = 1_000;

type Job = StewardStatus["jobs"][string];

export class Steward implements StatusSource {
  readonly #config: StewardConfig;
  readonly #parts: StewardParts;
  readonly #logger: Logger;
  readonly #jobs = new Map<string, Job>();
  readonly #copies = new Map<string, HubCopy>();
  readonly #rollbacks = new RollbackWatch();
  /** The last round of care of each region. */
  readonly #caring = new Map<string, Promise<void>>();
  readonly #rejects: RejectKeeper;
  readonly #ledger: LedgerWatch;
  readonly #insight: InsightWatch;
  readonly #fence: FenceWatch;
  readonly #standing: StandingCopies;
  readonly #volumes: VolumeWatch;
  #retention: readonly string[] | null = null;
  readonly #server: ServerWatch;

  constructor(config: StewardConfig, parts: StewardParts) {
    this.#config = config;
    this.#parts = parts;
    this.#logger = parts.logger;
    const { connection, tracing, logger } = parts;
    const alerts = new HubAlerts(connection, tracing);
    this.#rejects = new RejectKeeper({ connection, domain: HUB, alerts, logger });
    const { regions, partitions } = config;
    this.#server = new ServerWatch({ connection, domain: HUB });
    this.#insight = new InsightWatch({
      ...{ connection, regions, partitions, logger },
      channels: false, // It may not read the regions' alerts.
      ledger: () => this.#ledger.ledger,
    });
    const lanes = {
      ...{ connection, regions, partitions, live: this.#insight.live },
      rejects: new RejectCounts(connection),
    };
    const store = new LedgerStore(connection, logger);
    this.#ledger = new LedgerWatch({ ...lanes, alerts, logger, store });
    this.#fence = new FenceWatch({ connection, regions, alerts, logger });
    this.#standing = new StandingCopies({ connection, regions, logger });
    this.#volumes = new VolumeWatch({
      ...{ connection, alerts, logger, own: parts.volumes },
      processes: () => this.#insight.live.processes,
    });
  }

  checks(): HealthCheck[] {
    const of = { atMs: this.#insight.latest?.atMs ?? null, isHindered: !this.#server.answers };
    const failure = this.#jobs.get(COPIES_JOB)?.error ?? null;
    const why = failure === null ? null : `copies of logs are not cared for: ${failure}`;
    return [
      this.#server.check,
      { name: "copies are cared for", kind: "ready", why },
      ...insightChecks(of, Date.now()),
    ];
  }

  /** The last insight, whole; null before the first. */
  get insight(): Insight | null {
    return this.#insight.latest;
  }

  status(): StewardStatus {
    return {
      process: "steward",
      jobs: Object.fromEntries(this.#jobs),
      copies: Object.fromEntries(this.#copies),
      insight: toldOf(this.#insight.latest),
      outages: outagesIn(this.#insight.latest),
      processes: this.#insight.live.processes.map(
        ({ kind, instance, domain, startedMs, heardMs }) => ({
          ...{ kind, instance, domain, startedMs },
          silentMs: Math.max(0, Date.now() - heardMs),
        }),
      ),
      sink: { name: this.#config.sink, uncompared: this.#uncompared },
      ledger: this.#ledger.ledger,
      retention: this.#retention,
      volumes: this.#volumes.volumes,
      links: this.#volumes.links,
    };
  }

  /** The reason for which log and sink are not compared; null if they are. */
  get #uncompared(): string | null {
    return this.#parts.source === null
      ? `the sink ${this.#config.sink} cannot say what it holds, so log and sink are not compared`
      : null;
  }

  /** Runs its jobs on their schedules until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { copySchedule, reconcileSchedule } = this.#config;
    const options = { noOverlap: true, logger: this.#logger };
    const tasks = [
      cron.schedule(
        copySchedule,
        () => this.#job(COPIES_JOB, () => this.#careForCopies()),
        options,
      ),
      cron.schedule(copySchedule, () => this.#job("rejects", () => this.#keepRejects()), options),
    ];
    const look = () => this.#job("volumes", () => this.#volumes.look(Date.now()));
    tasks.push(cron.schedule(VOLUME_SCHEDULE, look, options));
    const { source, retention } = this.#parts;
    if (retention) {
      const compare = () => this.#job("retention", () => this.#compareRetention(retention));
      tasks.push(cron.schedule(copySchedule, compare, options));
    }
    if (source) {
      const reconcile = () => this.#job("reconciliation", () => this.#reconcile(source, signal));
      tasks.push(cron.schedule(reconcileSchedule, reconcile, options));
    } else this.#logger.warn(this.#uncompared);
    await Promise.all([
      this.#alertOfSetAside(signal),
      this.#server.run(signal),
      this.#insight.run(signal),
      this.#ledger.run(signal),
      this.#fence.run(signal),
      this.#standing.run(signal),
      this.#watchRollbacks(signal),
    ]);
    for (const task of tasks) await task.destroy();
  }

  /** Alerts about what any process at the hub could not handle, until `signal` aborts. */
  async #alertOfSetAside(signal: AbortSignal): Promise<void> {
    const { connection, tracing } = this.#parts;
    const alerts = new HubAlerts(connection, tracing);
    const ask = () => alerts.openKeys(SET_ASIDE_RULE);
    const told = await insist(ask, this.#logger, signal);
    const tell = ({ key, count, message }: SetAsideGroup): Promise<void> => {
      const what = { rule: SET_ASIDE_RULE, key, holds: count > 0, value: count, message };
      return alerts.set({ ...what, atMs: Date.now() });
    };
    const streams = new Streams(connection);
    await watchSetAside({ streams, domain: HUB, told: told ?? [], tell }, signal);
  }

  async #job(name: string, work: () => Promise<void>): Promise<void> {
    let error: string | null = null;
    try {
      await work();
    } catch (cause) {
      error = messageOf(cause);
      this.#logger.warn({ job: name }, `not done, will retry: ${error}`);
    }
    this.#jobs.set(name, { lastRunMs: Date.now(), error });
  }

  /** @throws Error naming the regions at fault, after all have had their turn. */
  async #eachRegion(work: (region: string) => Promise<unknown>): Promise<void> {
    const problems: string[] = [];
    for (const region of this.#config.regions)
      await work(region).catch((error: unknown) => problems.push(`${region}: ${messageOf(error)}`));
    if (problems.length > 0) throw new Error(problems.join("; "));
  }

  async #careForCopies(): Promise<void> {
    await this.#eachRegion((region) => this.#careForCopy(region));
  }

  /** One after the other: each goes on from what the one before has written. */
  #careForCopy(region: string): Promise<void> {
    const { partitions, logKeep: keepMs } = this.#config;
    const suspect = this.#rollbacks.suspectOf(region);
    const parts = { ...this.#parts, partitions, keepMs, wentOn: this.#wentOn, suspect };
    const before = this.#caring.get(region) ?? Promise.resolve();
    const caring = before
      .catch(() => undefined)
      .then(async () => {
        const copy = await careForCopy(region, parts);
        this.#copies.set(region, copy);
        await this.#alertOfRollbacks(region, copy);
      });
    this.#caring.set(region, caring);
    return caring;
  }

  /** As the processes of the region say. */
  readonly #wentOn: WentOn = (region, stream) => {
    const facts = { processes: this.#insight.live.processes, atMs: Date.now() };
    const said = [
      ...statusesOf(facts, "gateway", region),
      ...statusesOf(facts, "alerting", region),
    ].flatMap(({ wentOn }) => wentOn?.[stream] ?? []);
    return said.length === 0 ? null : Math.max(...said);
  };

  /** Looks at regions whose streams may have gone back, beside the schedule, until `signal` aborts. */
  async #watchRollbacks(signal: AbortSignal): Promise<void> {
    for (; !signal.aborted; await sleep(ROLLBACK_LOOK_EVERY_MS, signal)) {
      for (const one of this.#insight.latest?.regions ?? []) {
        const copy = this.#copies.get(one.region) ?? null;
        const told = { copy, wentOn: this.#wentOn };
        if (this.#rollbacks.observe(one, Date.now(), told))
          await this.#job(COPIES_JOB, () => this.#careForCopy(one.region));
      }
    }
  }

  async #alertOfRollbacks(region: string, copy: HubCopy): Promise<void> {
    const open = openRollbacks(copy, region);
    const all = Object.values(rollbacksIn(copy, region));
    if (all.length === 0) return;
    const { connection, tracing } = this.#parts;
    const holds = open.length > 0;
    await new HubAlerts(connection, tracing).set({
      ...{ rule: WENT_BACK_RULE, key: region, severity: "critical", holds },
      atMs: holds ? Math.min(...open.map(({ foundAtMs }) => foundAtMs)) : Date.now(),
      value: open.length,
      message: holds
        ? wentBackText(region, open)
        : `region ${region} goes on behind the hub's copies`,
    });
  }

  async #compareRetention(retention: RetentionSource): Promise<void> {
    const before = this.#retention ?? [];
    this.#retention = await retention.differences();
    for (const difference of this.#retention.filter((one) => !before.includes(one)))
      this.#logger.warn(
        `InfluxDB keeps records for another time than is configured: ${difference}`,
      );
  }

  /** The hub's own rejects, and the copies of the regions'. */
  async #keepRejects(): Promise<void> {
    const { connection } = this.#parts;
    await this.#eachRegion((region) => makeRoom(connection, region, Date.now()));
    await this.#rejects.look(Date.now());
  }

  /** Every hour that is over and not yet compared, oldest first, as far as the lanes are through. */
  async #reconcile(source: ReconciliationSource, signal: AbortSignal): Promise<void> {
    const { partitions } = this.#config;
    const { connection, tracing } = this.#parts;
    const parts = {
      ...this.#parts,
      source,
      partitions,
      alerts: new HubAlerts(connection, tracing),
    };
    const nowHourMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
    await this.#eachRegion(async (region) => {
      const last = (await reconciledHour(connection, region)) ?? nowHourMs - 2 * HOUR_MS;
      let hourMs = Math.max(last + HOUR_MS, nowHourMs - HOURS_BACK_MAX * HOUR_MS);
      for (; hourMs < nowHourMs && !signal.aborted; hourMs += HOUR_MS) {
        if (!(await reconcileHour(region, hourMs, parts))) break;
        await saveReconciledHour(connection, region, hourMs);
      }
    });
  }
}

function toldOf(insight: Insight | null): StewardStatus["insight"] {
  if (!insight) return null;
  const { atMs, state, sentence, problems } = insight;
  return { atMs, state, sentence, problems };
}

const outagesIn = (insight: Insight | null): NonNullable<StewardStatus["outages"]> =>
  Object.fromEntries(
    (insight?.regions ?? []).flatMap(({ region, link }) => (link ? [[region, link.outages]] : [])),
  );
