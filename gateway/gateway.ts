// The gateway put together: transports → pipeline → log, and alerts and commands back to the devices.
import { randomBytes } from "node:crypto";
import type { NatsConnection } from "../platform/nats/client/connection.ts";
import type { GatewayStatus } from "../contracts/messages/status.ts";
import type { Catalog } from "../contracts/schema/catalog.ts";
import { checkLog } from "../platform/nats/lanes/check-log.ts";
import { openContractRegistry } from "../platform/nats/lanes/contract-registry.ts";
import { RejectLog } from "../platform/nats/lanes/reject-log.ts";
import { connectNats } from "../platform/nats/client/connect.ts";
import { Streams } from "../platform/nats/client/streams.ts";
import { makeMonotonicClock } from "../platform/runtime/clock.ts";
import type { Logger } from "../platform/runtime/logger.ts";
import { serveStatus } from "../platform/runtime/status-server.ts";
import { type Tracing, startTracing } from "../otel/tracing.ts";
import { mirrorAlerts } from "./alert-topics.ts";
import type { Broker } from "./broker/broker.ts";
import { startBroker } from "./broker/start-broker.ts";
import { Commands } from "./commands/commands.ts";
import { type Identity, openIdentity } from "./identity/identity.ts";
import { BridgeMemory } from "./ingest/bridge-memory.ts";
import { Backpressure } from "./ingest/backpressure.ts";
import { CommitLog } from "./ingest/commit-log.ts";
import { Ingest } from "./ingest/ingest.ts";
import { loadMapper } from "./ingest/load-mappings.ts";
import { natsFrameStore } from "./ingest/nats-store.ts";
import { Pipeline } from "./ingest/pipeline.ts";
import { limitsOf, listenersOf } from "./listener-options.ts";
import { gatewayMetrics } from "./metrics.ts";
import type { GatewayConfig } from "./options.ts";
import { type Presence, openPresence } from "./presence/presence.ts";
import { serveReplay } from "./replay/serve-replay.ts";
import { runTrimmer } from "./retention/trimmer.ts";

/** Characters of readings in a frame: UTF-8 may triple them, and NATS takes 1 MiB by default. */
const FRAME_CHARS_MAX = 256 * 1024;
/** Longest wait, at a stop, for what is already gathered; devices re-send the rest. */
const DRAIN_MS = 2_000;

/** All of a gateway but its transports. */
interface Services {
  readonly connection: NatsConnection;
  /** Random per start of the process. */
  readonly epoch: string;
  readonly catalog: Catalog;
  readonly commitLog: CommitLog;
  readonly rejectLog: RejectLog;
  readonly ingest: Ingest;
  readonly presence: Presence;
  readonly commands: Commands;
  readonly identity: Identity;
  readonly backpressure: Backpressure;
  readonly bridges: BridgeMemory;
}

/** Runs until `signal` aborts or something happens that a restart has to mend. */
export async function runGateway(
  config: GatewayConfig,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  const { region } = config;
  await using tracing = await startTracing({ name: "gateway", region }, config, logger);
  const services = await openServices(config, { tracing, logger }, signal);
  const broker = await openBroker(config, services, logger);
  const status = (): GatewayStatus => statusOf(region, services, broker);
  await using _server = await serveStatus(
    { host: config.statusHost, port: config.statusPort },
    { ready: () => true, status, metrics: gatewayMetrics(region, status, broker) },
  );
  const { epoch, catalog } = services;
  const { addresses } = broker;
  logger.info({ addresses, epoch, contracts: catalog.names }, "ready");
  const stopping = new AbortController();
  try {
    await workUntil(
      config,
      { ...services, broker, logger },
      AbortSignal.any([signal, stopping.signal]),
    );
  } finally {
    stopping.abort();
    services.presence.stop();
    await services.commitLog.drain(AbortSignal.timeout(DRAIN_MS));
    await broker[Symbol.asyncDispose]();
    await services.connection.close();
  }
}

async function openServices(
  config: GatewayConfig,
  { tracing, logger }: { tracing: Tracing; logger: Logger },
  signal: AbortSignal,
): Promise<Services> {
  const { region, gatewayId: gateway, partitions, anonymous } = config;
  const mapper = loadMapper(config.mappings);
  const target = { url: config.natsUrl, name: `gateway ${gateway}` };
  const connection = await connectNats(target, logger, signal);
  await checkLog(new Streams(connection), config, signal);
  const registry = { connection, shippedDirectory: config.schemas, logger };
  const catalog = await openContractRegistry(registry, signal);

  const clock = makeMonotonicClock();
  const epoch = randomBytes(6).toString("hex");
  const log = { gateway, epoch, partitions, clock, frameCharsMax: FRAME_CHARS_MAX };
  const commitLog = new CommitLog(natsFrameStore(connection, region), log);
  const rejectLog = new RejectLog(connection, region, `${gateway}:${epoch}`);
  const identity = await openIdentity({ connection, logger, anonymous }, signal);
  const bridges = new BridgeMemory({
    isBridge: (principal) => identity.isBridge(principal),
    clientIds: config.bridges,
    clock: () => performance.now(),
  });
  const rules = { catalog, partitions, ageMaxMs: config.ageMax, mapper };
  return {
    connection,
    epoch,
    catalog,
    commitLog,
    rejectLog,
    ingest: new Ingest({ rules, commitLog, rejectLog, tracing, clock, signal }),
    presence: openPresence({ commitLog, catalog, gateway, partitions, clock, logger }),
    commands: new Commands({ connection, region, logger, clock, signal }),
    identity,
    bridges,
    backpressure: new Backpressure(commitLog),
  };
}

/** MQTT, the one transport: its messages go down the pipeline, its clients are identity's. */
function openBroker(config: GatewayConfig, services: Services, logger: Logger): Promise<Broker> {
  const { identity, presence, commands, bridges } = services;
  const pipeline = new Pipeline({ ...services, access: identity });
  return startBroker(
    {
      listeners: listenersOf(config),
      limits: limitsOf(config),
      logger,
      ...(config.dataDir === "" ? {} : { dataDirectory: config.dataDir }),
    },
    {
      publish: (message, settle) => pipeline.publish(message, settle),
      prepare: (topics) => commands.prepare(topics),
      authenticate: (credentials) => identity.authenticate(credentials),
      authorizeSubscribe: (client, filter) => identity.authorizeSubscribe(client, filter),
      connected: (client) => {
        bridges.connected(client);
        presence.connected(client);
      },
      disconnected: (client, reason) => {
        bridges.disconnected(client);
        presence.disconnected(client, reason);
      },
    },
  );
}

const statusOf = (region: string, services: Services, broker: Broker): GatewayStatus => ({
  process: "gateway",
  region,
  readingsStored: services.commitLog.stored,
  rejectsStored: services.rejectLog.stored,
  connections: broker.counters.connections,
  held: broker.counters.publishesHeld,
  qos0Dropped: services.backpressure.qos0Dropped,
  presenceDropped: services.presence.dropped,
  bridgeRepeats: services.bridges.repeated,
  log: services.commitLog.state,
  commands: services.commands.status,
});

/** Ends when `signal` aborts, or when the first of the work fails. */
async function workUntil(
  config: GatewayConfig,
  parts: Services & { readonly broker: Broker; readonly logger: Logger },
  signal: AbortSignal,
): Promise<void> {
  const { region } = config;
  const { connection, commitLog, ingest, commands, identity, backpressure, broker, logger } = parts;
  await Promise.race([
    commitLog.run(signal),
    mirrorAlerts({ connection, broker, region, logger }, signal),
    commands.run(signal),
    backpressure.run(broker, logger, signal),
    identity.run(signal, (id) => void broker.disconnect(id, "not_authorized")),
    serveReplay({ connection, region, ingest, logger }, signal),
    runTrimmer({ ...config, connection, logger }, signal),
  ]);
}
