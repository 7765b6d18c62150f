// The broker put together: listeners → connections → aedes for CONNECT and wills, sessions,
// subscriptions and deliveries of our own (ADR in the commit that introduced sessions.ts).
import { Aedes } from "aedes";
import type { ISubscription } from "mqtt-packet";
import { makeAedesPersistence } from "./aedes/persistence.ts";
import type { AedesBroker, AedesClient } from "./aedes/seam.ts";
import type { Broker, BrokerCounters, BrokerHandlers, Projection } from "./broker.ts";
import { Connection } from "./connection/connection.ts";
import { type Core, count } from "./core.ts";
import { forward } from "./routing/forward.ts";
import { startListeners } from "./connection/listeners.ts";
import { type BrokerOptions, resolveLimits } from "./options.ts";
import { RateLimit } from "./connection/rate-limit.ts";
import { REASON } from "./protocol/reason-codes.ts";
import { REFUSAL_CODES } from "./protocol/refusals.ts";
import { Retained } from "./routing/retained.ts";
import { openSessionStore } from "./session/session-store.ts";
import { Sessions } from "./session/sessions.ts";
import { startSweeping } from "./connection/sweep.ts";
import { isTopicName } from "./protocol/topic-rules.ts";
import { publishOrphanedWills, publishWill } from "./routing/wills.ts";

/** Sockets beyond `connectionsMax` that may be open to hear why they are refused. */
const SOCKETS_SPARE = 200;

/**
 * Starts a broker on the given listeners.
 *
 * @throws AppError `ADDRESS_IN_USE` naming the host and port that is taken, or
 * `DIRECTORY_UNWRITABLE` when the data directory cannot hold the sessions.
 */
export async function startBroker(
  options: BrokerOptions,
  handlers: BrokerHandlers,
): Promise<Broker> {
  const limits = resolveLimits(options.limits);
  const counters = makeCounters();
  const store = openSessionStore(options.dataDirectory, (error) => {
    count(counters.dropped, "store_failed");
    options.logger?.error({ err: error }, "the session store failed");
  });
  const core = await makeCore(options, handlers, { limits, store, counters });
  try {
    await handlers.prepare?.(projectionOf(core));
  } catch (error) {
    await closeCore(core);
    throw error;
  }
  const stopSweeping = startSweeping(core);
  const cancelWills = publishOrphanedWills(core, limits.willGraceMs);
  const stopCore = async (): Promise<void> => {
    for (const connection of core.connections)
      connection.close("shutting_down", REASON.shuttingDown);
    stopSweeping();
    cancelWills();
    await closeCore(core);
  };
  try {
    const bounds = {
      socketsMax: limits.connectionsMax + SOCKETS_SPARE,
      packetBytesMax: limits.packetBytesMax,
    };
    const accept = (...of: [Connection["stream"], Connection["origin"]]): void =>
      void new Connection(core, ...of);
    const listening = await startListeners(options.listeners, accept, bounds);
    const stop = async (): Promise<void> => {
      const closed = listening.stop();
      await stopCore();
      listening.destroySockets();
      await closed;
    };
    return brokerOf(core, listening.addresses, stop);
  } catch (error) {
    await stopCore();
    throw error;
  }
}

async function closeCore(core: Core): Promise<void> {
  await new Promise<void>((resolve) => core.aedes.close(resolve));
  for (const connection of core.connections) connection.stream.destroy();
  core.store[Symbol.dispose]();
}

function projectionOf(core: Core): Projection {
  return {
    publish: (topic, payload, { retain, expirySeconds }) => {
      if (!isTopicName(topic, core.limits.topicLevelsMax))
        return Promise.reject(new RangeError("the topic is none to publish to"));
      const bytes = Buffer.isBuffer(payload) ? payload : Buffer.from(payload);
      const properties =
        expirySeconds === undefined ? undefined : { messageExpiryInterval: expirySeconds };
      forward(core, { topic, payload: bytes, qos: 1, retain, properties }, undefined);
      core.store.commit();
      return Promise.resolve();
    },
    unretain: (topic) => {
      core.retained.forget(topic);
      core.store.commit();
    },
    retained: (filter) => core.retained.byGateway(filter),
  };
}

function brokerOf(core: Core, addresses: Broker["addresses"], stop: () => Promise<void>): Broker {
  let stopped: Promise<void> | undefined;
  return {
    counters: core.counters,
    addresses,
    ...projectionOf(core),
    disconnect: (who, reason) => {
      let closed = 0;
      for (const connection of core.connections) {
        const { clientId, principal } = connection.identity;
        if (connection.gone || (clientId !== who && principal !== who)) continue;
        connection.close("disconnected", REFUSAL_CODES[reason]);
        closed++;
      }
      return closed;
    },
    refuseConnections: (on) => {
      core.refusing = on;
    },
    [Symbol.asyncDispose]: () => (stopped ??= stop()),
  };
}

const makeCounters = (): BrokerCounters => ({
  connections: 0,
  publishesReceived: 0,
  publishesHeld: 0,
  publishesHeldBytes: 0,
  closed: {},
  refused: {},
  dropped: {},
  paused: {},
});

async function makeCore(
  { logger }: BrokerOptions,
  handlers: BrokerHandlers,
  { limits, store, counters }: Pick<Core, "limits" | "store" | "counters">,
): Promise<Core> {
  const core = {
    handlers,
    limits,
    counters,
    logger,
    store,
    rateLimit: new RateLimit({
      perSecond: limits.publishRatePerSecond,
      burst: limits.publishBurst,
    }),
    connections: new Set(),
    connectionOf: new WeakMap(),
    unflushed: [],
    waitingForRoom: new Set(),
    refusing: false,
  } as unknown as { -readonly [K in keyof Core]: Core[K] };
  core.sessions = new Sessions(core);
  core.retained = new Retained(core);
  core.sessions.load(Date.now());
  core.aedes = await startAedes(core);
  return core;
}

async function startAedes(core: Core): Promise<AedesBroker> {
  const { limits, store, sessions } = core;
  const aedes = (await Aedes.createBroker({
    persistence: makeAedesPersistence(sessions, store),
    concurrency: 0,
    drainTimeout: limits.drainTimeoutMs,
    connectTimeout: limits.connectTimeoutMs,
    maxClientsIdLength: limits.clientIdBytesMax,
    maximumPacketSize: limits.packetBytesMax,
    maxTopicLevels: limits.topicLevelsMax,
    receiveMaximum: limits.inFlightMax,
    topicAliasMaximum: limits.topicAliasMax,
    sessionExpiryIntervalLimit: limits.sessionExpirySecondsMax,
    pendingSessionsLimit: limits.pendingSessionsMax,
  })) as unknown as AedesBroker;
  // A client id such as `constructor` must not find Object.prototype (GHSA-52qw-whmv-87c5).
  aedes.clients = Object.assign(Object.create(null) as AedesBroker["clients"], aedes.clients);
  aedes.brokers = Object.assign(Object.create(null) as AedesBroker["brokers"], aedes.brokers);
  // Its sweep of stored wills stops at the first that is refused; ours is in wills.ts.
  clearInterval(aedes._clearWillInterval);
  aedes.authorizeSubscribe = (_client, _subscription: ISubscription, done) => done(null, null);
  aedes.publishWill = (client, will) => publishWill(core, client, will);
  aedes.scheduleSessionExpiry = (client) => {
    core.connectionOf.get(client)?.onUnregistered(aedes._takingOver.has(client.id));
    sessions.leave(client, Date.now());
  };
  aedes.on("error", (error: Error) => core.logger?.error({ err: error }, "aedes failed"));
  aedes.on("client", (client: AedesClient) => core.connectionOf.get(client)?.onRegistered());
  return aedes;
}
