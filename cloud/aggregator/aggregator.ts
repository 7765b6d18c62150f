// The aggregator: lanes of every region from the hub's mirrors into a sink; several of them share
// the lanes by leases.
import type { AggregatorStatus } from "../../contracts/messages/status.ts";
import type { SetAsideRecord } from "../../contracts/messages/set-aside.ts";
import { type Stages, lanesOf } from "../../contracts/names/lane-stages.ts";
import {
  CONTRACTS_BUCKET,
  type LaneId,
  laneName,
  liveProcesses,
  telemetryStream,
} from "../../contracts/names/subjects.ts";
import cron from "node-cron";
import type { LiveProcess } from "../../contracts/messages/live.ts";
import { type NatsAccess, itsServer } from "../../platform/nats/client/access.ts";
import { connectNats } from "../../platform/nats/client/connect.ts";
import { joinFleet } from "../../platform/nats/client/fleet.ts";
import { ServerWatch } from "../../platform/nats/client/server-watch.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { announceProcess } from "../../platform/nats/live/announce-process.ts";
import { followLive } from "../../platform/nats/live/live-view.ts";
import { openContractRegistry } from "../../platform/nats/lanes/contract-registry.ts";
import { LaneHealth } from "../../platform/nats/lanes/lane-health.ts";
import { Losses } from "../../platform/nats/lanes/lane-operator.ts";
import { type Lease, Leases } from "../../platform/nats/lanes/leases.ts";
import { stagesIn, watchGrowth } from "../../platform/nats/lanes/log-lanes.ts";
import { Positions } from "../../platform/nats/lanes/positions.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { jsonOf } from "../../platform/nats/client/payload.ts";
import { SetAside, entriesSetAside } from "../../platform/nats/lanes/set-aside.ts";
import { retryEntries, serveRetries } from "../../platform/nats/lanes/set-aside-retries.ts";
import { RejectLog } from "../../platform/nats/lanes/reject-log.ts";
import { HUB } from "../../platform/nats/topology/topology.ts";
import { sleep } from "../../platform/runtime/backoff.ts";
import { AppError, messageOf } from "../../platform/runtime/errors.ts";
import type { Logger } from "../../platform/runtime/logger.ts";
import type { HealthCheck } from "../../platform/runtime/health.ts";
import type { StatusSource } from "../../platform/runtime/status-server.ts";
import type { Telemetry } from "../../otel/telemetry.ts";
import { HubAlerts } from "../hub-alerts.ts";
import { insist } from "../../platform/runtime/insist.ts";
import type { Outage } from "../link/link-history.ts";
import { LinkWatch } from "../link/link-watch.ts";
import { ToldOutages } from "../link/told-outages.ts";
import type { Sink } from "../sinks/sink.ts";
import { ContractLayouts } from "./contract-layout.ts";
import { LaneRunner } from "./lane-runner.ts";
import type { Counters } from "./lane-writer.ts";
import { Canaries } from "./latency/canaries.ts";
import { HubArrivals } from "./latency/hub-arrivals.ts";
import { Latencies } from "./latency/latencies.ts";
import { aggregatorChecks } from "./readiness.ts";
import { LongRollups } from "./long-rollups.ts";
import { Repair, unrepaired } from "./repair.ts";
import type { RepairGroup } from "./repair-marks.ts";
import type { AggregatorPosition } from "./position.ts";
import { RestartCounts } from "./sequence-restarts.ts";

const NO_OUTAGES: readonly Outage[] = [];

/** The name under which positions are kept. */
export const OPERATOR = "aggregator";

/** Open rollups are written, and positions saved, this often. */
const TURN_MS = 1_000;
/** After a stop signal: how long the write in flight, and then the last positions, may take. */
const LAST_WRITE_MS = 1_200;
const LAST_SAVE_MS = 1_000;
/** The same for a lane that another aggregator is to take: no request lasts longer. */
const LAST_WRITE_OF_LANE_MS = 12_000;

export interface AggregatorConfig {
  readonly nats: NatsAccess;
  readonly regions: readonly string[];
  readonly partitions: number;
  /** Directory of the contracts that ship with this program. */
  readonly schemas: string;
  /** Cron expression, seconds first: when rollups that late readings changed are recomputed. */
  readonly repairSchedule: string;
  /** A reading that takes longer to the sink gets a trace anyway, ms. */
  readonly traceSlowerThan: number;
}

export class Aggregator implements StatusSource {
  readonly #config: AggregatorConfig;
  readonly #telemetry: Telemetry;
  readonly #logger: Logger;
  readonly #sink: Sink;
  readonly #long: LongRollups;
  readonly #repair: Repair<LaneRunner>;
  readonly latencies: Latencies;
  readonly canaries = new Canaries();
  readonly #counters: Counters = {
    readingsStored: 0,
    lateReadings: 0,
    repeatedReadings: 0,
    sequenceRestarts: new RestartCounts(),
    unwritableReadings: 0,
    uncountedReadings: 0,
  };
  readonly #losses = new Losses();
  /** The lanes that this process holds. */
  readonly #lanes = new Set<LaneRunner>();
  #leases: Leases | null = null;
  #setAside: SetAside | null = null;
  /** Null until it is connected. */
  #health: { readonly server: ServerWatch; readonly lanes: LaneHealth } | null = null;

  constructor(
    config: AggregatorConfig,
    { sink, telemetry, logger }: { sink: Sink; telemetry: Telemetry; logger: Logger },
  ) {
    this.#config = config;
    this.#telemetry = telemetry;
    this.#logger = logger;
    this.#sink = sink;
    this.#long = new LongRollups(sink, logger);
    this.#repair = new Repair(sink, logger, (lane, group) => this.#long.repaired(lane, group));
    this.latencies = new Latencies(config.regions);
  }

  /** Health goes by the progress of its lanes. */
  checks(): HealthCheck[] {
    const nowMs = Date.now();
    const why = `it is starting: it waits for ${itsServer(this.#config.nats)}`;
    const own = this.#health
      ? [this.#health.server.check, this.#health.lanes.check]
      : [{ name: "nats-server", kind: "ready", why } as const];
    const facts = aggregatorChecks({
      sink: this.#sink,
      isShared: this.#leases?.settled === true,
      leaseRefusal: this.#leases?.refusal ?? null,
      lanes: this.#owned.map((runner) => ({
        ...{ lane: runner.lane, reading: runner.reading, stoppedBy: runner.status.stoppedBy },
        standsForMs: runner.standsForMs(nowMs),
      })),
    });
    return [...own, ...facts];
  }

  /** Watches what its health goes by. */
  #watchHealth(connection: NatsConnection, signal: AbortSignal): Promise<unknown> {
    const server = new ServerWatch({ connection, domain: HUB });
    const isHindered = (): boolean =>
      !server.answers ||
      this.#sink.status.state !== "ok" ||
      this.#owned.some(({ awaitsRepairs }) => awaitsRepairs);
    const held = () => this.#owned.map(({ lane, status }) => ({ ...status, lane }));
    const lanes = new LaneHealth({ connection, lanes: held, isHindered });
    this.#health = { server, lanes };
    return Promise.all([server.run(signal), lanes.run(signal)]);
  }

  get #owned(): LaneRunner[] {
    return [...this.#lanes];
  }

  status(): AggregatorStatus &
    Omit<Counters, "sequenceRestarts"> & {
      linesRefused: number;
      linesBeyondRetention: number;
    } {
    const nowMs = Date.now();
    return {
      process: "aggregator",
      ...this.#counters,
      sequenceRestarts: this.#counters.sequenceRestarts.shown,
      linesRefused: this.#sink.refused,
      linesBeyondRetention: this.#sink.beyondRetention,
      repairsWaiting: this.#owned.reduce((sum, lane) => sum + lane.repairsWaiting, 0),
      rollupsRevised: this.#repair.rollupsRevised,
      longRollups: this.#long.written,
      setAside: this.#setAside?.count ?? 0,
      losses: this.#losses.all,
      lanes: this.#owned.map(({ status }) => status),
      ...this.latencies.summary(nowMs),
      recentLatencyMs: this.latencies.recent(nowMs),
      behindOutage: this.latencies.behindOutage(),
      canaries: this.canaries.all,
      influx: this.#sink.status,
    };
  }

  /** Runs until `signal` aborts; then finishes the write in flight and saves the positions. */
  async run(signal: AbortSignal): Promise<void> {
    const target = { ...this.#config.nats, name: OPERATOR };
    const unlessAborted = (error: unknown): null => {
      if (signal.aborted) return null;
      throw error;
    };
    const connection = await connectNats(target, this.#logger, signal).catch(unlessAborted);
    if (!connection) return;
    try {
      await joinFleet(connection, this.#logger);
      const by = { connection, domain: HUB, by: OPERATOR, logger: this.#logger } as const;
      const telemetry = this.#telemetry;
      const announced = { connection, kind: OPERATOR, domain: HUB, telemetry } as const;
      void announceProcess({ ...announced, status: () => this.status() }, signal);
      void this.#watchHealth(connection, signal);
      const setAside = new SetAside({ ...by, signal });
      this.#setAside = setAside;
      const judged = entriesSetAside("contract", CONTRACTS_BUCKET, setAside);
      const parts = { ...by, shippedDirectory: this.#config.schemas, judged };
      const catalog = await openContractRegistry(parts, signal).catch(unlessAborted);
      if (!catalog) return;
      const ofLanes = { setAside, holdsLane: true };
      const open = () => Positions.open<AggregatorPosition>(connection, OPERATOR, ofLanes);
      const positions = await insist(open, this.#logger, signal);
      if (!positions) return;
      const { regions, partitions } = this.#config;
      const known = await this.#stages(connection, signal);
      const lanes = regions.flatMap((region) =>
        Array.from({ length: lanesOf(known.get(region)!) }, (_, partition) => ({
          region,
          partition,
        })),
      );
      const of = { operator: OPERATOR, lanes, logger: this.#logger };
      this.#leases = await insist(() => Leases.open(connection, of), this.#logger, signal);
      if (!this.#leases) return;
      const layouts = new Map(
        regions.map((region) => [region, new ContractLayouts(catalog, region)]),
      );
      const arrivals = new Map(regions.map((region) => [region, new HubArrivals()]));
      const links = new LinkWatch(connection, regions, {
        sample: (region, { atMs, lastSeq }) => arrivals.get(region)!.look(atMs, lastSeq),
      });
      const shared = {
        connection,
        positions,
        sink: this.#sink,
        rejectLog: new RejectLog(connection, {
          domain: HUB,
          idPrefix: OPERATOR,
          isKnown: (contract) => catalog.versions(contract).length > 0,
        }),
        alerts: new HubAlerts(connection, telemetry.tracing),
        setAside,
        latencies: this.latencies,
        canaries: this.canaries,
        counters: this.#counters,
        losses: this.#losses,
        tracing: telemetry.tracing,
        slowerThanMs: this.#config.traceSlowerThan,
        logger: this.#logger,
      };
      const retry = retryEntries(setAside, (record) => this.#retry(record));
      const told = new ToldOutages();
      const beside = [
        ...[serveRetries(by, retry, signal), links.run(signal)],
        this.#hearSteward(connection, told, signal),
      ];
      const grew = new AbortController();
      const watched = watchGrowth(new Streams(connection), { known, partitions }, signal).catch(
        (error: unknown) => grew.abort(error),
      );
      const until = AbortSignal.any([signal, grew.signal]);
      await this.#share(this.#leases, until, (lane, lease) => {
        const { region } = lane;
        const outages = () => told.with(region, links.state(region)?.outages ?? NO_OUTAGES);
        const ofRegion = {
          ...{ layouts: layouts.get(region)!, hubArrivals: arrivals.get(region)! },
          stages: known.get(region)!,
        };
        return new LaneRunner(lane, lease, { ...shared, ...ofRegion, outages });
      });
      if (grew.signal.aborted) {
        for (const each of beside) each.catch(() => undefined);
        throw grew.signal.reason;
      }
      await Promise.all([...beside, watched]);
    } finally {
      await connection.close();
    }
  }

  /** The lanes of each region's log as its copy says; of one that is not there yet, as configured. */
  async #stages(
    connection: NatsConnection,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, Stages>> {
    const { regions, partitions } = this.#config;
    const streams = new Streams(connection);
    const known = new Map<string, Stages>();
    for (const region of regions) {
      const ask = async () => ({ copy: await streams.find(telemetryStream(region)) });
      const copy = (await insist(ask, this.#logger, signal))?.copy;
      known.set(region, copy ? stagesIn(copy, partitions) : [partitions]);
    }
    return known;
  }

  /** Outages that were over before this start: the steward has seen them. */
  async #hearSteward(
    connection: NatsConnection,
    told: ToldOutages,
    signal: AbortSignal,
  ): Promise<void> {
    const heard = (message: unknown): void => {
      const { status } = message as LiveProcess;
      if (status?.process === "steward") told.take(status.outages, Date.now());
    };
    try {
      await followLive(connection, liveProcesses({ domain: HUB, kind: "steward" }), heard, signal);
    } catch (error) {
      // A server whose configuration is older knows no live lane.
      this.#logger.warn(`the steward is not heard: ${messageOf(error)}`);
    }
  }

  /** Only the owner of its lane handles a record again. */
  async #retry(record: SetAsideRecord): Promise<string | null | undefined> {
    const { kind, detail, payload, place } = record;
    const isOwn = this.#owned.some((one) => one.subject === place.subject);
    if (kind !== "repair" && !isOwn) return undefined;
    if (payload === null) return isOwn ? "the record was too large to be copied" : undefined;
    if (kind !== "repair") return detail;
    const group = jsonOf<RepairGroup>(Buffer.from(payload, "base64"));
    const lane = this.#owned.find((one) => one.handles(place.subject, group.key));
    return lane && this.#repair.again(lane, group);
  }

  async #share(
    leases: Leases,
    signal: AbortSignal,
    runnerOf: (lane: LaneId, lease: Lease) => LaneRunner,
  ): Promise<void> {
    const failed = new AbortController();
    const stop = AbortSignal.any([signal, failed.signal]);
    const repairs = cron.schedule(
      this.#config.repairSchedule,
      () => this.#rollUpAgain(this.#owned, this.#setAside!),
      { noOverlap: true, logger: this.#logger },
    );
    const own = async (lane: LaneId, lease: Lease): Promise<boolean> => {
      const left = new AbortController();
      const runner = runnerOf(lane, endedBy(lease, left.signal));
      this.#lanes.add(runner);
      try {
        return await this.#work(runner, left, signal);
      } finally {
        this.#lanes.delete(runner);
      }
    };
    const work = [this.#sink.run(stop), leases.run(own, stop)];
    // A failure that is no owner's conflict is a bug, and a bug stops the process.
    for (const part of work) part.catch((error: unknown) => failed.abort(error));
    await Promise.allSettled(work);
    await repairs.destroy();
    if (failed.signal.aborted) throw failed.signal.reason;
  }

  /** Repairs first: what they correct need not be merged twice. */
  async #rollUpAgain(lanes: readonly LaneRunner[], setAside: SetAside): Promise<void> {
    await this.#repair.run(lanes, setAside);
    await this.#long.run(lanes, (lane, group, why) => setAside.put(unrepaired(lane, group, why)));
  }

  /** Until the lane's lease ends; true if nothing of it is under way any more and it is saved. */
  async #work(runner: LaneRunner, left: AbortController, stop: AbortSignal): Promise<boolean> {
    const reading = runner.run();
    reading.catch(() => left.abort());
    try {
      // A lane that had to stop keeps its lease: no other owner could go on, and here it is shown.
      await this.#turns(runner);
      await reading;
      if (!runner.lease.held) return false;
      const patienceMs = stop.aborted ? LAST_WRITE_MS : LAST_WRITE_OF_LANE_MS;
      const settled = this.#sink.settled.then(() => true);
      const isSettled = await Promise.race([settled, sleep(patienceMs).then(() => false)]);
      await Promise.race([runner.save(), sleep(LAST_SAVE_MS)]);
      return isSettled;
    } catch (error) {
      left.abort();
      await reading;
      if (!(error instanceof AppError && error.code === "POSITION_CONFLICT")) throw error;
      this.#logger.error({ lane: laneName(runner.lane) }, `lane left: ${error.message}`);
      return false;
    }
  }

  async #turns(runner: LaneRunner): Promise<void> {
    const { signal } = runner.lease;
    while (!signal.aborted) {
      const turn = sleep(TURN_MS, signal);
      runner.noteProgress(Date.now());
      await runner.writeOpen();
      if (signal.aborted) return;
      await runner.save();
      await turn;
    }
  }
}

const endedBy = (lease: Lease, left: AbortSignal): Lease => ({
  signal: AbortSignal.any([lease.signal, left]),
  get held() {
    return lease.held && !left.aborted;
  },
});
