// The gateway put together: broker → ingest → log, and alerts back to the devices.
import { randomBytes } from "node:crypto";
import type { GatewayStatus } from "../contracts/messages/status.ts";
import { checkLog } from "../platform/nats/lanes/check-log.ts";
import { openContractRegistry } from "../platform/nats/lanes/contract-registry.ts";
import { connectNats } from "../platform/nats/client/connect.ts";
import { makeMonotonicClock } from "../platform/runtime/clock.ts";
import type { Logger } from "../platform/runtime/logger.ts";
import { serveStatus } from "../platform/runtime/status-server.ts";
import { startTracing } from "../otel/tracing.ts";
import { startBroker } from "./broker/start-broker.ts";
import { Commands } from "./commands/commands.ts";
import { openIdentity } from "./identity/identity.ts";
import { Backpressure } from "./ingest/backpressure.ts";
import { CommitLog } from "./ingest/commit-log.ts";
import { Ingest } from "./ingest/ingest.ts";
import { loadMapper } from "./ingest/load-mappings.ts";
import { RejectLog } from "../platform/nats/lanes/reject-log.ts";
import { natsFrameStore } from "./ingest/nats-store.ts";
import { limitsOf, listenersOf } from "./listener-options.ts";
import { gatewayMetrics } from "./metrics.ts";
import type { GatewayConfig } from "./options.ts";
import { serveReplay } from "./replay/serve-replay.ts";
import { openPresence } from "./presence/presence.ts";
import { runTrimmer } from "./retention/trimmer.ts";
import { mirrorAlerts } from "./alert-topics.ts";

/** Characters of readings in a frame: UTF-8 may triple them, and NATS takes 1 MiB by default. */
const FRAME_CHARS_MAX = 256 * 1024;
/** At a stop, how long to wait for what is already gathered; devices re-send the rest. */
const DRAIN_MS = 2_000;

/** Runs until `signal` aborts or something happens that a restart has to mend. */
export async function runGateway(
  config: GatewayConfig,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  const { region } = config;
  const mapper = loadMapper(config.mappings);
  await using tracing = await startTracing({ name: "gateway", region }, config);
  const target = { url: config.natsUrl, name: `gateway ${config.gatewayId}` };
  const connection = await connectNats(target, logger, signal);
  // Creating a manager asks the server, which may not be ready yet; checkLog waits for that.
  const manager = await connection.jetstreamManager({ checkAPI: false });
  await checkLog(manager, config, signal);
  const registry = { connection, shippedDirectory: config.schemas, logger };
  const catalog = await openContractRegistry(registry, signal);

  const clock = makeMonotonicClock();
  const epoch = randomBytes(6).toString("hex");
  const commitLog = new CommitLog(natsFrameStore(connection, region), {
    gateway: config.gatewayId,
    epoch,
    partitions: config.partitions,
    clock,
    frameCharsMax: FRAME_CHARS_MAX,
  });
  const rejectLog = new RejectLog(connection, region, `${config.gatewayId}:${epoch}`);
  const rules = { catalog, partitions: config.partitions, ageMaxMs: config.ageMax, mapper };
  const ingest = new Ingest({ rules, commitLog, rejectLog, tracing, clock, signal });

  const { gatewayId: gateway, partitions } = config;
  const presence = openPresence({ commitLog, catalog, gateway, partitions, clock, logger });
  const commands = new Commands({ connection, region, logger, clock, signal });

  const { anonymous } = config;
  const identity = await openIdentity({ connection, logger, anonymous }, signal);
  const backpressure = new Backpressure(commitLog);
  const publish = backpressure.guard((publication, settle) => {
    const refusal = identity.authorizePublish(publication);
    if (refusal) ingest.refuse(publication, refusal, settle);
    else if (!commands.take(publication, settle))
      ingest.publish(publication, presence.watch(publication, settle));
  });
  const broker = await startBroker(
    {
      listeners: listenersOf(config),
      limits: limitsOf(config),
      logger,
      ...(config.dataDir === "" ? {} : { dataDirectory: config.dataDir }),
    },
    {
      publish,
      prepare: (topics) => commands.prepare(topics),
      authenticate: (credentials) => identity.authenticate(credentials),
      authorizeSubscribe: (client, filter) => identity.authorizeSubscribe(client, filter),
      connected: (client) => presence.connected(client),
      disconnected: (client, reason) => presence.disconnected(client, reason),
    },
  );
  const status = (): GatewayStatus => ({
    process: "gateway",
    region,
    readingsStored: commitLog.stored,
    rejectsStored: rejectLog.stored,
    connections: broker.counters.connections,
    held: broker.counters.publishesHeld,
    qos0Dropped: backpressure.qos0Dropped,
    presenceDropped: presence.dropped,
    log: commitLog.state,
    commands: commands.status,
  });
  await using _server = await serveStatus(
    { host: config.statusHost, port: config.statusPort },
    { ready: () => true, status, metrics: gatewayMetrics(region, status, broker) },
  );
  logger.info({ addresses: broker.addresses, epoch, contracts: catalog.names }, "ready");
  const stopping = new AbortController();
  try {
    const work = AbortSignal.any([signal, stopping.signal]);
    await Promise.race([
      commitLog.run(work),
      mirrorAlerts({ connection, broker, region, logger }, work),
      commands.run(work),
      backpressure.run(broker, logger, work),
      identity.run(work, (id) => void broker.disconnect(id, "not_authorized")),
      serveReplay({ connection, region, ingest, logger }, work),
      runTrimmer({ ...config, connection, logger }, work),
    ]);
  } finally {
    stopping.abort();
    presence.stop();
    await commitLog.drain(AbortSignal.timeout(DRAIN_MS));
    await broker[Symbol.asyncDispose]();
    await connection.close();
  }
}
