// MQTT clients for tests: mqtt.js for whole sessions, a raw socket for what no library would send.
import { connect as connectSocket, type Socket } from "node:net";
import { once } from "node:events";
import mqtt, { type IClientOptions, type MqttClient } from "mqtt";
import * as mqttPacket from "mqtt-packet";
import type { Packet } from "mqtt-packet";

/** A connected mqtt.js client that ends with the scope: `await using`. */
export async function connectClient(
  port: number,
  options: IClientOptions = {},
  protocol = "mqtt",
): Promise<MqttClient & AsyncDisposable> {
  const client = await mqtt.connectAsync(`${protocol}://127.0.0.1:${port}`, {
    reconnectPeriod: 0,
    connectTimeout: 5000,
    ...options,
  });
  client.on("error", () => undefined);
  return Object.assign(client, {
    [Symbol.asyncDispose]: async () => {
      await client.endAsync(true).catch(() => undefined);
    },
  });
}

/** A socket that speaks MQTT packet by packet. */
export class RawClient implements Disposable {
  readonly socket: Socket;
  readonly packets: Packet[] = [];
  closed = false;
  #wake: (() => void)[] = [];

  private constructor(socket: Socket, protocolVersion: 3 | 4 | 5) {
    this.socket = socket;
    this.protocolVersion = protocolVersion;
    const parser = mqttPacket.parser({ protocolVersion: protocolVersion === 5 ? 5 : 4 });
    parser.on("packet", (packet: Packet) => {
      this.packets.push(packet);
      this.#notify();
    });
    parser.on("error", () => socket.destroy());
    socket.on("data", (chunk: Buffer) => parser.parse(chunk));
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.closed = true;
      this.#notify();
    });
  }

  readonly protocolVersion: 3 | 4 | 5;

  /** @param from an address of this machine. */
  static async open(
    port: number,
    protocolVersion: 3 | 4 | 5 = 4,
    from = "127.0.0.1",
  ): Promise<RawClient> {
    const socket = connectSocket({ port, host: "127.0.0.1", localAddress: from });
    await once(socket, "connect");
    return new RawClient(socket, protocolVersion);
  }

  /** Opens, sends CONNECT and waits for the CONNACK, whatever it says. */
  static async connect(
    port: number,
    connect: Partial<mqttPacket.IConnectPacket> = {},
  ): Promise<RawClient> {
    const version = connect.protocolVersion ?? 4;
    const client = await RawClient.open(port, version);
    client.send(connectPacket({ ...connect, protocolVersion: version }));
    await client.until((packet) => packet.cmd === "connack");
    return client;
  }

  bytes(...packets: Packet[]): Buffer {
    const protocolVersion = this.protocolVersion === 5 ? 5 : 4;
    return Buffer.concat(packets.map((packet) => mqttPacket.generate(packet, { protocolVersion })));
  }

  /** All packets in one write, so that they arrive together. */
  send(...packets: Packet[]): void {
    this.socket.write(this.bytes(...packets));
  }

  /** The first packet, from `from` on, that matches; throws when the socket closes before it. */
  async until<P extends Packet = Packet>(
    matches: (packet: Packet) => boolean,
    { from = 0, timeoutMs = 5000 } = {},
  ): Promise<P> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const found = this.packets.slice(from).find(matches);
      if (found) return found as P;
      if (this.closed) throw new Error("the broker closed the connection");
      await this.#changed(deadline, () => `got only ${JSON.stringify(this.packets)}`);
    }
  }

  async untilClosed(timeoutMs = 5000): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (!this.closed) await this.#changed(deadline, () => "still open");
  }

  /** Everything the broker had to say before it answered a ping sent now. */
  async settle(): Promise<void> {
    const from = this.packets.length;
    this.send({ cmd: "pingreq" });
    await this.until((packet) => packet.cmd === "pingresp", { from });
  }

  of<P extends Packet>(cmd: Packet["cmd"]): P[] {
    return this.packets.filter((packet) => packet.cmd === cmd) as P[];
  }

  async #changed(deadline: number, describe: () => string): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`timed out: ${describe()}`)),
        Math.max(0, deadline - Date.now()),
      );
    });
    const change = new Promise<void>((resolve) => this.#wake.push(resolve));
    try {
      await Promise.race([change, timeout]);
    } finally {
      clearTimeout(timer);
    }
  }

  #notify(): void {
    const waiting = this.#wake;
    this.#wake = [];
    for (const wake of waiting) wake();
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

export const connectPacket = (
  overrides: Partial<mqttPacket.IConnectPacket> = {},
): mqttPacket.IConnectPacket => ({
  cmd: "connect",
  protocolId: overrides.protocolVersion === 3 ? "MQIsdp" : "MQTT",
  protocolVersion: 4,
  clean: true,
  clientId: "raw",
  keepalive: 0,
  ...overrides,
});

export const publishPacket = (
  overrides: Partial<mqttPacket.IPublishPacket> = {},
): mqttPacket.IPublishPacket => ({
  cmd: "publish",
  topic: "t",
  payload: "x",
  qos: 1,
  dup: false,
  retain: false,
  ...(overrides.qos === 0 ? {} : { messageId: 1 }),
  ...overrides,
});
