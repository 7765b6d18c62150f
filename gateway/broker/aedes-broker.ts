// The broker put together: listeners → connections → aedes.
import type { AddressInfo, Server } from "node:net";
import { Aedes } from "aedes";
import type { AedesBroker, AedesClient } from "./aedes-seam.ts";
import type { Broker, BrokerCounters, BrokerHandlers } from "./broker.ts";
import { Connection } from "./connection.ts";
import type { Core } from "./core.ts";
import { listen, makeTcpServer } from "./listeners.ts";
import { type BrokerOptions, type Limits, resolveLimits } from "./options.ts";
import { REASON } from "./reason-codes.ts";

/**
 * Starts a broker on the given listeners.
 *
 * @throws AppError `ADDRESS_IN_USE` naming the host and port that is taken.
 */
export async function startBroker(
  options: BrokerOptions,
  handlers: BrokerHandlers,
): Promise<Broker> {
  const core = await makeCore(options, handlers, resolveLimits(options.limits));
  const servers: Server[] = [];
  const addresses: Record<string, AddressInfo & { host: string }> = {};
  const stop = async (): Promise<void> => {
    const closed = servers.map((server) => new Promise((resolve) => server.close(resolve)));
    for (const connection of core.connections)
      connection.close("shutting_down", REASON.shuttingDown);
    await new Promise<void>((resolve) => core.aedes.close(resolve));
    for (const connection of core.connections) connection.stream.destroy();
    await Promise.all(closed);
  };
  try {
    const { mqtt } = options.listeners;
    if (mqtt) {
      const server = makeTcpServer((socket) => {
        const remoteAddress = socket.remoteAddress ?? "unknown";
        const origin = { listener: "mqtt", remoteAddress, certificate: undefined };
        new Connection(core, socket, origin);
      });
      servers.push(server);
      const address = await listen(server, "mqtt", mqtt);
      addresses.mqtt = { ...address, host: address.address };
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    counters: core.counters,
    addresses,
    publish: (topic, payload, { retain }) =>
      new Promise((resolve, reject) => {
        const bytes = Buffer.isBuffer(payload) ? payload : Buffer.from(payload);
        core.aedes.publish(
          { cmd: "publish", topic, payload: bytes, qos: 1, retain, dup: false },
          (error) => (error ? reject(error) : resolve()),
        );
      }),
    disconnect: (who, reasonCode) => {
      let closed = 0;
      for (const connection of core.connections) {
        const { clientId, principal } = connection.identity;
        if (!connection.open || (clientId !== who && principal !== who)) continue;
        connection.close("disconnected", reasonCode);
        closed++;
      }
      return closed;
    },
    refuseConnections: (on) => {
      core.refusing = on;
    },
    [Symbol.asyncDispose]: stop,
  };
}

async function makeCore(
  { logger }: BrokerOptions,
  handlers: BrokerHandlers,
  limits: Limits,
): Promise<Core> {
  const counters: BrokerCounters = {
    connections: 0,
    publishesReceived: 0,
    publishesHeld: 0,
    publishesHeldBytes: 0,
    closed: {},
    refused: {},
    dropped: {},
    paused: {},
  };
  const aedes = (await Aedes.createBroker({
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
  aedes.on("error", (error: Error) => logger?.error({ err: error }, "the broker's store failed"));
  aedes.on("client", (client: AedesClient) => core.connectionOf.get(client)?.onRegistered());
  const core: Core = {
    aedes,
    handlers,
    limits,
    counters,
    logger,
    connections: new Set(),
    connectionOf: new WeakMap(),
    unflushed: [],
    waitingForRoom: new Set(),
    refusing: false,
  };
  return core;
}
