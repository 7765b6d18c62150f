// The gateway put together: transports → pipeline → log, and alerts and commands back to the devices.
import { randomBytes } from "node:crypto";
import type { NatsConnection } from "../platform/nats/client/connection.ts";
import type { GatewayStatus } from "../contracts/messages/status.ts";
import { type Stages, presentLanes } from "../contracts/names/lane-stages.ts";
import {
  CONTRACTS_BUCKET,
  rejectsStream,
  repliesStream,
  telemetryStream,
} from "../contracts/names/subjects.ts";
import type { Catalog } from "../contracts/schema/catalog.ts";
import { awaitLanes, watchGrowth } from "../platform/nats/lanes/log-lanes.ts";
import { openContractRegistry } from "../platform/nats/lanes/contract-registry.ts";
import { ConditionAlerts } from "../platform/nats/lanes/condition-alerts.ts";
import { RejectKeeper } from "../platform/nats/lanes/reject-keeper.ts";
import { RejectLog } from "../platform/nats/lanes/reject-log.ts";
import { SetAside, entriesSetAside } from "../platform/nats/lanes/set-aside.ts";
import { LiveSpeaker } from "../platform/nats/live/live-speaker.ts";
import { announceProcess } from "../platform/nats/live/announce-process.ts";
import { serveRetries } from "../platform/nats/lanes/set-aside-retries.ts";
import { itsServer } from "../platform/nats/client/access.ts";
import { connectNats } from "../platform/nats/client/connect.ts";
import { joinFleet } from "../platform/nats/client/fleet.ts";
import { natsAccess } from "../platform/nats/client/options.ts";
import { Streams } from "../platform/nats/client/streams.ts";
import { useRecordTrust } from "../platform/nats/signed/record-guard.ts";
import { makeMonotonicClock } from "../platform/runtime/clock.ts";
import type { Logger } from "../platform/runtime/logger.ts";
import type { OptionTable } from "../platform/runtime/config.ts";
import { AppError } from "../platform/runtime/errors.ts";
import type { ProcessContext } from "../platform/runtime/process-main.ts";
import { Starting, serveStatus, statusAddress } from "../platform/runtime/status-server.ts";
import { type Telemetry, startTelemetry } from "../otel/telemetry.ts";
import { mirrorAlerts } from "./alert-topics.ts";
import type { Broker } from "./broker/broker.ts";
import { startBroker } from "./broker/start-broker.ts";
import { type HttpIngest, openHttp } from "./http/open-http.ts";
import { httpLimitsOf, httpListenersOf } from "./http/options.ts";
import { sendCanaries } from "./canary/canaries.ts";
import { LiveDigests } from "./live/digests.ts";
import { engineGuard } from "./commands/engine-guard.ts";
import { Commands } from "./commands/commands.ts";
import { type Identity, openIdentity } from "./identity/identity.ts";
import { LogGroups } from "./groups/log-groups.ts";
import { logGroupMetrics } from "./groups/metrics.ts";
import { anonymousReadsLog } from "./groups/options.ts";
import { BridgeMemory } from "./ingest/bridge-memory.ts";
import { type BridgeStore, openBridgeStore } from "./ingest/bridge-store.ts";
import { Backpressure } from "./ingest/backpressure.ts";
import { CommitLog } from "./ingest/commit-log.ts";
import { Ingest } from "./ingest/ingest.ts";
import { LiveMappings } from "./ingest/live-mappings.ts";
import { NatsFrameStore } from "./ingest/nats-store.ts";
import { NotedFields } from "./ingest/noted-fields.ts";
import { Pipeline } from "./ingest/pipeline.ts";
import { SeriesLimit } from "./ingest/series-limit.ts";
import { UnregisteredDevices } from "./ingest/unregistered-devices.ts";
import { limitsOf, listenersOf, rejectAnswersOf, usesTls } from "./listener-options.ts";
import { gatewayMetricSpecs } from "./metrics.ts";
import type { GatewayConfig } from "./options.ts";
import { tellContests } from "./presence/contest-alerts.ts";
import { ContestedIds } from "./presence/contested-ids.ts";
import { type Presence, openPresence } from "./presence/presence.ts";
import { relayOptionsOf } from "./relay/options.ts";
import { TopicClasses } from "./relay/topic-classes.ts";
import { serveReplay } from "./replay/serve-replay.ts";
import { GoingOn } from "./retention/going-on.ts";
import { keepRejects } from "./retention/keep-rejects.ts";
import { LogFill } from "./retention/log-fill.ts";
import { freeCopies } from "./retention/stopped-copy.ts";
import { runTrimmer } from "./retention/trimmer.ts";
import { gatewayRetries } from "./set-aside-retry.ts";
import { tellSysTopics } from "./sys-topics.ts";
import { followTlsFiles, readTls } from "./tls-files.ts";

/** Characters of readings in a frame: UTF-8 may triple them, and NATS takes 1 MiB by default. */
const FRAME_CHARS_MAX = 256 * 1024;
/** Longest wait, at a stop, for what is already gathered; devices re-send the rest. */
const DRAIN_MS = 2_000;

/** Contested client ids on `/status`. */
const CONTESTS_SHOWN = 20;

/** All of a gateway but its transports. */
interface Services {
  readonly connection: NatsConnection;
  /** The lanes of the log, as at the start. */
  readonly stages: Stages;
  /** Random per start of the process. */
  readonly epoch: string;
  readonly catalog: Catalog;
  readonly commitLog: CommitLog;
  readonly goingOn: GoingOn;
  /** The clock of readings, epoch ms. */
  readonly clock: () => number;
  readonly rejectLog: RejectLog;
  readonly notedFields: NotedFields;
  readonly rejectKeeper: RejectKeeper;
  /** Those that the gateway raises itself. */
  readonly alerts: ConditionAlerts;
  readonly contestedIds: ContestedIds;
  readonly ingest: Ingest;
  readonly presence: Presence;
  readonly commands: Commands;
  readonly identity: Identity;
  readonly classes: TopicClasses;
  readonly mappings: LiveMappings;
  readonly logGroups: LogGroups;
  readonly backpressure: Backpressure;
  readonly bridges: BridgeMemory;
  /** Null: nothing of bridges outlives the process. */
  readonly bridgeStore: BridgeStore | null;
  readonly setAside: SetAside;
  readonly live: LiveDigests;
  readonly seriesLimit: SeriesLimit;
  readonly unregistered: UnregisteredDevices;
}

/** Runs until `signal` aborts or something happens that a restart has to mend. */
export async function runGateway(
  config: GatewayConfig,
  { logger, signal, ending }: Omit<ProcessContext<OptionTable>, "config">,
): Promise<void> {
  const { region, gatewayId } = config;
  // Regions choose the ids of their gateways by themselves.
  const service = { name: "gateway", region, instance: `${region}-${gatewayId}` };
  const telemetry = ending.use(await startTelemetry(service, config, logger));
  const { metrics } = telemetry;
  const starting = new Starting(itsServer(natsAccess(config)));
  await using _server = await serveStatus(statusAddress(config), starting, metrics);
  const services = await openServices(config, { telemetry, logger }, signal);
  const pipeline = new Pipeline({ ...services, access: services.identity });
  const broker = await openBroker(config, services, pipeline, logger);
  const http = await openHttp({
    ...{ ...services, pipeline, broker, logger, region, gateway: gatewayId },
    dataDir: config.dataDir,
    listeners: httpListenersOf(config, usesTls(config) ? readTls(config) : undefined),
    limits: httpLimitsOf(config),
  });
  const logFill = new LogFill(services.connection, region);
  const status = (): GatewayStatus => statusOf(region, services, broker);
  const { frames } = services.commitLog;
  metrics.add([
    ...gatewayMetricSpecs({
      status,
      broker,
      logFill,
      frames,
      series: services.seriesLimit,
      unregistered: services.unregistered,
      classes: services.classes,
    }),
    ...logGroupMetrics(services.logGroups),
    ...http.metrics,
  ]);
  starting.works({ checks: () => services.commitLog.checks, status });
  const { epoch, catalog } = services;
  const addresses = { ...broker.addresses, ...http.addresses };
  logger.info({ addresses, epoch, contracts: catalog.names }, "ready");
  const stopping = new AbortController();
  let grew = false;
  try {
    await workUntil(
      config,
      { ...services, broker, http, logFill, telemetry, logger, status },
      AbortSignal.any([signal, stopping.signal]),
    );
  } catch (error) {
    grew = error instanceof AppError && error.code === "LOG_GREW";
    throw error;
  } finally {
    stopping.abort();
    http.stopAccepting();
    services.presence.stop();
    // Lanes that have ended store nothing: devices send again what was not acknowledged.
    await services.commitLog.drain(AbortSignal.timeout(grew ? 0 : DRAIN_MS));
    await http[Symbol.asyncDispose]();
    await broker[Symbol.asyncDispose]();
    await services.logGroups.stop();
    services.bridgeStore?.[Symbol.dispose]();
    await services.connection.close();
  }
}

async function openServices(
  config: GatewayConfig,
  { telemetry, logger }: { telemetry: Pick<Telemetry, "tracing">; logger: Logger },
  signal: AbortSignal,
): Promise<Services> {
  const { tracing } = telemetry;
  const { region, gatewayId: gateway, anonymous, anonymousSubscribe } = config;
  const mappings = new LiveMappings(config.mappings, logger);
  const target = { ...natsAccess(config), name: `gateway ${gateway}` };
  const connection = await connectNats(target, logger, signal);
  useRecordTrust(connection, config, logger);
  await joinFleet(connection, logger);
  const engines = engineGuard(config, logger);
  const stages = await awaitLanes(new Streams(connection), config, signal);
  const { first: firstLane, count: partitions } = presentLanes(stages);
  const setAside = new SetAside({ connection, domain: region, by: "gateway", logger, signal });
  const judged = entriesSetAside("contract", CONTRACTS_BUCKET, setAside);
  const registry = { connection, shippedDirectory: config.schemas, logger, judged };
  const catalog = await openContractRegistry(registry, signal);

  const clock = makeMonotonicClock();
  const epoch = randomBytes(6).toString("hex");
  const log = { gateway, epoch, firstLane, partitions, clock, frameCharsMax: FRAME_CHARS_MAX };
  const frames = new NatsFrameStore(connection, region);
  const commitLog = new CommitLog(frames, log);
  const rejectLog = new RejectLog(connection, {
    domain: region,
    idPrefix: `${gateway}:${epoch}`,
    isKnown: (contract) => catalog.versions(contract).length > 0,
  });
  const rights = { anonymous, anonymousSubscribe, anonymousReadsLog: anonymousReadsLog(config) };
  const identity = await openIdentity({ connection, setAside, logger, ...rights }, signal);
  const bridgeStore = openBridgeStore(config.dataDir, logger);
  const bridges = new BridgeMemory({
    values: bridgeStore,
    isBridge: (principal) => identity.isBridge(principal),
    clientIds: config.bridges,
    found: (bridge, by) => logger.info({ bridge, by }, "a bridge has connected"),
    clock: () => performance.now(),
  });
  const notedFields = new NotedFields(logger);
  const alerts = new ConditionAlerts(connection, region, tracing);
  const seriesBounds = { max: config.deviceSeriesMax, perHour: config.deviceSeriesPerHour };
  const seriesLimit = new SeriesLimit(seriesBounds, () => performance.now());
  const unregistered = new UnregisteredDevices(
    { max: config.unregisteredDevicesMax, perHour: config.unregisteredDevicesPerHour },
    () => performance.now(),
  );
  const live = new LiveDigests({ region, gateway, catalog });
  const rules = {
    ...{
      catalog,
      firstLane,
      partitions,
      ageMaxMs: config.ageMax,
      seriesLimit,
      unregistered,
    },
    speech: identity,
    get mapper() {
      return mappings.mapper;
    },
  };
  return {
    connection,
    stages,
    epoch,
    catalog,
    commitLog,
    goingOn: new GoingOn({
      ...{ connection, region, logger },
      streams: [telemetryStream, rejectsStream, repliesStream].map((of) => of(region)),
      hold: (stream) =>
        stream === telemetryStream(region) ? frames.hold() : Promise.resolve(() => undefined),
    }),
    clock,
    rejectLog,
    notedFields,
    ingest: new Ingest({ rules, commitLog, rejectLog, notedFields, live, tracing, clock, signal }),
    rejectKeeper: new RejectKeeper({ connection, domain: region, alerts, logger }),
    alerts,
    contestedIds: new ContestedIds(),
    presence: openPresence({ commitLog, catalog, gateway, firstLane, partitions, clock, logger }),
    commands: new Commands({ connection, region, engines, setAside, logger, clock, signal }),
    identity,
    bridges,
    bridgeStore,
    classes: new TopicClasses({ ...relayOptionsOf(config), mappings }),
    mappings,
    logGroups: new LogGroups({ connection, catalog, logger, ...config }),
    backpressure: new Backpressure(commitLog),
    setAside,
    live,
    seriesLimit,
    unregistered,
  };
}

/** MQTT: its messages go down the pipeline, as those of HTTP do, and its clients are identity's. */
function openBroker(
  config: GatewayConfig,
  services: Services,
  pipeline: Pipeline,
  logger: Logger,
): Promise<Broker> {
  const { identity, presence, commands, bridges, contestedIds, live } = services;
  return startBroker(
    {
      listeners: listenersOf(config),
      limits: limitsOf(config),
      rejectAnswers: rejectAnswersOf(config),
      sharedStrategy: config.sharedStrategy,
      logger,
      ...(config.dataDir === "" ? {} : { dataDirectory: config.dataDir }),
    },
    {
      publish: (message, settle) => pipeline.publish(message, settle),
      prepare: (topics) => commands.prepare(topics),
      authenticate: (credentials) => identity.authenticate(credentials),
      authorizeSubscribe: (client, filter) => identity.authorizeSubscribe(client, filter),
      ownerOf: (clientId, left) => identity.ownerOf(clientId, left),
      log: services.logGroups,
      connected: (client) => {
        bridges.connected(client);
        presence.connected(client);
        live.client("connected", client, client.listener, "");
      },
      disconnected: (client, reason, detail) => {
        bridges.disconnected(client);
        presence.disconnected(client, reason);
        live.client("connection_closed", client, reason, detail);
        if (reason === "taken_over") contestedIds.takenOver(client, Date.now());
      },
      slowed: (client, why) => live.slowed(client, why),
      refused: (client, reason, detail) => live.client("connect_refused", client, reason, detail),
    },
  );
}

const statusOf = (region: string, services: Services, broker: Broker): GatewayStatus => ({
  process: "gateway",
  region,
  readingsStored: services.commitLog.stored,
  rejectsStored: services.rejectLog.stored,
  rejectsDropped: services.rejectKeeper.dropped,
  takeovers: services.contestedIds.takeovers,
  contestedClientIds: services.contestedIds.contests(Date.now()).slice(0, CONTESTS_SHOWN),
  connections: broker.counters.connections,
  held: broker.counters.publishesHeld,
  slowed: services.live.slowedClients,
  surge: services.live.surge,
  qos0Dropped: services.backpressure.qos0Dropped,
  presenceDropped: services.presence.dropped,
  bridgeRepeats: services.bridges.repeated,
  bridges: services.bridges.repeats,
  log: services.commitLog.state,
  canaryStoredMs: services.commitLog.canaryStoredMs,
  logGroups: services.logGroups.status,
  notes: services.notedFields.status,
  commands: services.commands.status,
  setAside: services.setAside.count,
  wentOn: services.goingOn.wentOn,
});

/** Ends when `signal` aborts, or when the first of the work fails. */
async function workUntil(
  config: GatewayConfig,
  parts: Services & {
    readonly broker: Broker;
    readonly http: HttpIngest;
    readonly logFill: LogFill;
    readonly telemetry: Telemetry;
    readonly logger: Logger;
    readonly status: () => GatewayStatus;
  },
  signal: AbortSignal,
): Promise<void> {
  const { region } = config;
  const known = new Map([[region, parts.stages]]);
  const { connection, commitLog, ingest, commands, identity, backpressure } = parts;
  const { broker, logFill, setAside, live, telemetry, logger, status } = parts;
  await Promise.race([
    commitLog.run(signal),
    sendCanaries({ commitLog, ...presentLanes(parts.stages) }, signal),
    watchGrowth(new Streams(connection), { known, partitions: config.partitions }, signal),
    mirrorAlerts({ connection, broker, region, setAside, logger }, signal),
    commands.run(signal),
    backpressure.run(broker, logger, signal),
    identity.run(signal, (concerns) => void broker.disconnect(concerns, "not_authorized")),
    serveReplay({ connection, region, ingest, access: identity, logger }, signal),
    serveRetries(
      { connection, domain: region, by: "gateway", logger },
      gatewayRetries({ ...parts, region }),
      signal,
    ),
    runTrimmer({ ...config, connection, logger }, signal),
    keepRejects(parts, signal),
    parts.goingOn.run(signal),
    freeCopies({ connection, region, alerts: parts.alerts, logger }, signal),
    ...(usesTls(config) ? [followTlsFiles(config, parts, signal)] : []),
    parts.http.run(signal),
    logFill.run(signal),
    parts.mappings.run(signal),
    tellSysTopics(broker, signal),
    tellContests(parts, signal),
    live.run(new LiveSpeaker(connection), broker.counters, signal),
    announceProcess({ connection, kind: "gateway", domain: region, telemetry, status }, signal),
  ]);
}
