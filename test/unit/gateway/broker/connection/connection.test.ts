import { PassThrough } from "node:stream";
import type { IConnectPacket } from "mqtt-packet";
import { expect, test } from "vitest";
import type { DisconnectReason } from "../../../../../gateway/broker/broker.ts";
import type { Candidate } from "../../../../../gateway/broker/connection/connect.ts";
import {
  Connection,
  type ConnectionParts,
} from "../../../../../gateway/broker/connection/connection.ts";
import { Flusher } from "../../../../../gateway/broker/connection/flusher.ts";
import type { Origin } from "../../../../../gateway/broker/connection/origin.ts";
import { makeCounters } from "../../../../../gateway/broker/counters.ts";
import { Holders } from "../../../../../gateway/broker/session/holders.ts";
import { resolveLimits } from "../../../../../gateway/broker/options.ts";

const CONNECT: IConnectPacket = {
  cmd: "connect",
  protocolId: "MQTT",
  protocolVersion: 4,
  clean: true,
  clientId: "a",
};
const IDENTITY = {
  clientId: "a",
  username: undefined,
  principal: undefined,
  device: undefined,
  protocolVersion: 4,
  remoteAddress: "127.0.0.1",
  listener: "mqtt",
};
const WILL = { topic: "w", payload: Buffer.from("gone"), qos: 0, retain: false } as const;

test("a client that has gone before it was registered is not told to have ended by its will, which is dropped", () => {
  const told: (DisconnectReason | "connected")[] = [];
  const dropped: string[] = [];
  const holder = new Holders(resolveLimits()).of("record:a");
  const parts = {
    handlers: {
      connected: () => void told.push("connected"),
      disconnected: (_: unknown, reason: DisconnectReason) => void told.push(reason),
    },
    limits: resolveLimits(),
    counters: makeCounters(),
    connections: new Set(),
    flusher: new Flusher(),
    admission: {
      vet: (one: Candidate, packet: IConnectPacket) => one.accept(packet, IDENTITY, holder),
    },
    doorstep: { asked: () => undefined, passed: () => undefined },
    door: { open: () => ({ forget: () => undefined }) },
    wills: { cameBack: () => undefined },
    store: { deleteWill: (clientId: string) => void dropped.push(clientId) },
    sessions: { claim: () => undefined, open: () => ({}), leave: () => undefined },
    room: { leave: () => undefined },
  } as unknown as ConnectionParts;
  const stream = new PassThrough();
  const origin = { remoteAddress: "127.0.0.1", listener: "mqtt", socket: {} } as Origin;
  const connection = new Connection(parts, stream, origin);
  connection.start();
  connection.packet(CONNECT);
  stream.destroy();
  connection.registered({
    clientId: "a",
    cleanStart: true,
    expirySeconds: 0,
    receiveMaximum: 20,
    maximumPacketSize: Infinity,
    problemInformation: true,
    will: WILL,
  });
  stream.emit("close");
  expect(holder.connections, "its place is free again").toBe(0);
  expect(dropped).toEqual(["a"]);
  expect(told).toEqual(["connected", "connection_lost"]);
});
