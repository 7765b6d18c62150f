// The broker put together. aedes answers CONNECT (aedes/door.ts); the rest is ours: listeners,
// connections, sessions and their store, subscriptions, deliveries, retained messages and wills.
import { openDoor } from "./aedes/door.ts";
import type { Broker, BrokerHandlers } from "./broker.ts";
import { Admission } from "./connection/connect.ts";
import { Connection, type ConnectionParts } from "./connection/connection.ts";
import { Doorstep } from "./connection/doorstep.ts";
import { Flusher } from "./connection/flusher.ts";
import { HeldRoom } from "./connection/held-room.ts";
import { type Accept, startListeners } from "./connection/listeners.ts";
import { RateLimit } from "./connection/rate-limit.ts";
import { Subscribing } from "./connection/subscribe.ts";
import { startSweeping } from "./connection/sweep.ts";
import { count, makeCounters } from "./counters.ts";
import { type BrokerOptions, resolveLimits } from "./options.ts";
import { REASON } from "./protocol/reason-codes.ts";
import { DEFAULT_REJECT_ANSWERS, REFUSAL_CODES } from "./protocol/refusals.ts";
import { keepLengths } from "./protocol/wire.ts";
import { Forwarder } from "./routing/forward.ts";
import { makeGatewayTopics } from "./routing/gateway-topics.ts";
import { Retained } from "./routing/retained.ts";
import { RetainedDeliveries } from "./routing/retained-deliveries.ts";
import { Wills } from "./routing/wills.ts";
import { Holders } from "./session/holders.ts";
import { openSessionStore } from "./session/session-store.ts";
import { Sessions } from "./session/sessions.ts";

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
  const parts = await makeParts(options, handlers);
  const topics = makeGatewayTopics(parts);
  try {
    await handlers.prepare?.(topics);
  } catch (error) {
    await closeParts(parts);
    throw error;
  }
  const { connections, limits, wills, deliveries } = parts;
  const stopSweeping = startSweeping({ ...parts, drainTimeoutMs: limits.drainTimeoutMs });
  wills.awaitClients(limits.willGraceMs);
  const stopParts = async (): Promise<void> => {
    parts.sessions.stopping = true;
    for (const connection of connections) connection.close("shutting_down", REASON.shuttingDown);
    stopSweeping();
    wills.stop();
    deliveries.stop();
    await closeParts(parts);
  };
  try {
    const bounds = {
      // The doorstep is narrower: a server at its own bound closes whoever comes.
      socketsMax: limits.connectionsMax + 2 * limits.openingMax,
      packetBytesMax: limits.packetBytesMax,
      doorstep: parts.doorstep,
    };
    const accept: Accept = (stream, origin) => new Connection(parts, stream, origin).start();
    const listening = await startListeners(options.listeners, accept, bounds);
    const stop = async (): Promise<void> => {
      const closed = listening.stop();
      await stopParts();
      listening.destroySockets();
      await closed;
    };
    return { ...topics, ...brokerOf(parts, listening, stop) };
  } catch (error) {
    await stopParts();
    throw error;
  }
}

async function closeParts({ door, connections, store }: ConnectionParts): Promise<void> {
  await door.close();
  for (const connection of connections) connection.destroy();
  store[Symbol.dispose]();
}

function brokerOf(
  {
    counters,
    limits,
    connections,
    sessions,
    admission,
    retained,
    rateLimit,
    rejectLimit,
  }: BrokerParts,
  { addresses, renewTls }: Pick<Broker, "addresses" | "renewTls">,
  stop: () => Promise<void>,
): Omit<Broker, "publish" | "unretain" | "retained"> {
  let stopped: Promise<void> | undefined;
  return {
    counters,
    limits,
    rates: { publishes: rateLimit, rejects: rejectLimit },
    queues: () => sessions.queues(),
    holdings: () => ({ subscriptions: sessions.subscriptions, retained: retained.size }),
    addresses,
    renewTls,
    disconnect: (concerns, reason) => {
      let closed = 0;
      for (const connection of connections) {
        if (connection.gone || !concerns(connection.identity)) continue;
        connection.close("disconnected", REFUSAL_CODES[reason]);
        closed++;
      }
      sessions.endLost(concerns);
      return closed;
    },
    refuseConnections: (on) => {
      admission.refusing = on;
    },
    [Symbol.asyncDispose]: () => (stopped ??= stop()),
  };
}

interface BrokerParts extends ConnectionParts {
  readonly retained: Retained;
  readonly deliveries: RetainedDeliveries;
}

/** Everything that the connections share, in the order in which it can be made. */
async function makeParts(
  { logger, dataDirectory, ...options }: BrokerOptions,
  handlers: BrokerHandlers,
): Promise<BrokerParts> {
  keepLengths();
  const limits = resolveLimits(options.limits);
  const counters = makeCounters();
  const store = openSessionStore(dataDirectory, (error) => {
    count(counters.dropped, "store_failed");
    logger?.error({ err: error }, "the session store failed");
  });
  const queued = { messages: 0, bytes: 0 };
  const holders = new Holders(limits);
  const ground = { handlers, limits, counters, logger, store, queued, holders };
  const sessions = new Sessions({ ...ground, sharedStrategy: options.sharedStrategy });
  const retained = new Retained(ground);
  sessions.load(Date.now());
  const forwarder = new Forwarder(sessions, retained);
  const subscribeLimit = new RateLimit({
    perSecond: limits.subscribeRatePerSecond,
    burst: limits.subscribeBurst,
  });
  const deliveries = new RetainedDeliveries({ retained, subscribeLimit });
  const memory = {
    hasSession: (clientId: string) => sessions.isResumable(clientId, Date.now()),
    deleteWill: store.deleteWill.bind(store),
  };
  return {
    ...ground,
    sessions,
    retained,
    forwarder,
    door: await openDoor(memory, limits, logger),
    wills: new Wills({ ...ground, sessions, forwarder }),
    admission: new Admission({ ...ground, sessions }),
    subscribing: new Subscribing({ ...ground, sessions, deliveries }),
    subscribeLimit,
    deliveries,
    flusher: new Flusher(),
    doorstep: new Doorstep({ limits, turnedAway: (reason) => count(counters.closed, reason) }),
    room: new HeldRoom(counters, limits.heldBytesMax),
    rateLimit: new RateLimit({
      perSecond: limits.publishRatePerSecond,
      burst: limits.publishBurst,
    }),
    rejectAnswers: { ...DEFAULT_REJECT_ANSWERS, ...options.rejectAnswers },
    rejectLimit: new RateLimit({
      perSecond: limits.rejectRatePerSecond,
      burst: limits.rejectBurst,
    }),
    connections: new Set(),
  };
}
