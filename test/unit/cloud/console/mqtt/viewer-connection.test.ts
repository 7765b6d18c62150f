import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, createServer as createNetServer } from "node:net";
import fc from "fast-check";
import * as mqttPacket from "mqtt-packet";
import type { IConnectPacket, Packet } from "mqtt-packet";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import {
  ViewerConnections,
  ViewerPackets,
} from "../../../../../cloud/console/mqtt/viewer-connection.ts";

const CONNECT: IConnectPacket = {
  ...{ cmd: "connect", clientId: "console-1a2b3c", protocolVersion: 5, protocolId: "MQTT" },
  ...{ clean: true, keepalive: 60 },
};
const SUBSCRIBE: Packet = {
  ...{ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "#", qos: 0 }] },
};
const PUBLISH: Packet = {
  ...{ cmd: "publish", topic: "devices/a/commands", payload: "open", qos: 0 },
  ...{ dup: false, retain: false },
};
const bytesOf = (...packets: Packet[]): Buffer =>
  Buffer.concat(packets.map((packet) => mqttPacket.generate(packet, { protocolVersion: 5 })));

/** Bytes that a gateway gets of these chunks, and the reason for which the connection ended. */
function sent(chunks: readonly Buffer[]) {
  const out: Buffer[] = [];
  const refusals: string[] = [];
  const farewells: (Buffer | null)[] = [];
  const packets = new ViewerPackets({
    send: (bytes) => out.push(bytes),
    refuse: (why, farewell) => {
      refusals.push(why);
      farewells.push(farewell);
    },
  });
  for (const chunk of chunks) packets.take(chunk);
  return { passed: Buffer.concat(out), refusals, farewells };
}

/** The packets of some bytes, as a gateway reads them. */
function commandsIn(bytes: Buffer): string[] {
  const commands: string[] = [];
  const parser = mqttPacket.parser({ protocolVersion: 5 });
  parser.on("packet", ({ cmd }) => commands.push(cmd));
  parser.parse(bytes);
  return commands;
}

test("what may go on does so, however it is cut into pieces", () => {
  const bytes = bytesOf(CONNECT, SUBSCRIBE, { cmd: "pingreq" });
  fc.assert(
    fc.property(fc.array(fc.nat(bytes.length)), (cuts) => {
      const places = [0, ...cuts.sort((a, b) => a - b), bytes.length];
      const chunks = places.slice(1).map((end, at) => bytes.subarray(places[at], end));
      const { passed, refusals } = sent(chunks);
      expect(refusals).toEqual([]);
      expect(commandsIn(passed)).toEqual(["connect", "subscribe", "pingreq"]);
    }),
  );
});

test("a viewer's connection has an id of its own at the gateway, so that it ends nobody's", () => {
  const idOf = (): string => {
    const parser = mqttPacket.parser({ protocolVersion: 5 });
    let id = "";
    parser.on("packet", (packet: Packet) => {
      if (packet.cmd === "connect") id = packet.clientId;
    });
    parser.parse(sent([bytesOf(CONNECT)]).passed);
    return id;
  };
  const ids = [idOf(), idOf()];
  expect(new Set([...ids, CONNECT.clientId]).size).toBe(3);
  for (const id of ids) expect(id).toMatch(/^console-/);
});

test("a PUBLISH ends the connection and does not go on, nor does anything behind it, in one piece or byte by byte", () => {
  const bytes = bytesOf(CONNECT, PUBLISH, SUBSCRIBE);
  for (const chunks of [[bytes], [...bytes].map((byte) => Buffer.from([byte]))]) {
    const { passed, refusals, farewells } = sent(chunks);
    expect(commandsIn(passed)).toEqual(["connect"]);
    expect(refusals).toEqual(["a viewer sends no PUBLISH"]);
    // DISCONNECT, not authorized.
    expect([farewells[0]![0], farewells[0]![2]]).toEqual([0xe0, 0x87]);
  }
});

test("no bytes whatever make a PUBLISH reach the gateway, and the end is told once", () => {
  const nearly = fc
    .tuple(fc.uint8Array({ maxLength: 60 }), fc.constantFrom(PUBLISH, SUBSCRIBE, CONNECT))
    .map(([noise, packet]) => Buffer.concat([Buffer.from(noise), bytesOf(packet)]));
  fc.assert(
    fc.property(fc.boolean(), fc.array(nearly, { maxLength: 6 }), (isConnected, chunks) => {
      const all = isConnected ? [bytesOf(CONNECT), ...chunks] : chunks;
      const { passed, refusals } = sent(all);
      const allowed = new Set(["connect", "subscribe", "unsubscribe", "pingreq", "disconnect"]);
      expect(commandsIn(passed).filter((command) => !allowed.has(command))).toEqual([]);
      expect(refusals.length).toBeLessThanOrEqual(1);
    }),
    { numRuns: 500 },
  );
});

test("a packet that never ends is given up before it fills the memory", () => {
  // A SUBSCRIBE of 200 MiB, of which a viewer sends what the connection takes.
  const head = Buffer.from([0x82, 0x80, 0x80, 0x80, 0x64]);
  const chunks = [bytesOf(CONNECT), head, ...Array.from({ length: 4 }, () => Buffer.alloc(8_192))];
  expect(sent(chunks).refusals).toEqual(["the packet is larger than a viewer's may be"]);
});

test("a viewer who sends more than a gateway takes is let go", async () => {
  // Its connections are taken, and nothing more.
  const gateway = createNetServer(() => undefined).listen(0, "127.0.0.1");
  await once(gateway, "listening");
  const target = new URL(`ws://127.0.0.1:${(gateway.address() as AddressInfo).port}`);
  const connections = new ViewerConnections({ minVersion: "TLSv1.2" }, () => undefined);
  const http = createServer()
    .on("upgrade", (request, socket, head) => connections.open(request, socket, head, target))
    .listen(0, "127.0.0.1");
  await once(http, "listening");
  const page = new WebSocket(`ws://127.0.0.1:${(http.address() as AddressInfo).port}`, "mqtt");
  onTestFinished(() => {
    page.terminate();
    http.close();
    gateway.close();
  });
  await once(page, "open");
  const closed = once(page, "close");
  page.send(bytesOf(CONNECT));
  const topic = "x".repeat(15_000);
  for (let messageId = 1; messageId <= 100; messageId++)
    page.send(bytesOf({ cmd: "subscribe", messageId, subscriptions: [{ topic, qos: 0 }] }));
  await closed;
  expect(page.readyState).toBe(WebSocket.CLOSED);
});
