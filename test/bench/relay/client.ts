// A client of MQTT 3.1.1 that a benchmark can afford: whole packets out of chunks, PUBACKs gathered for each chunk.
import { once } from "node:events";
import { type Socket, connect } from "node:net";
import * as mqttPacket from "mqtt-packet";

const [CONNACK, PUBLISH, PUBACK, SUBACK] = [0x20, 0x30, 0x40, 0x90];

export interface ClientOptions {
  readonly port: number;
  readonly clientId: string;
  readonly clean: boolean;
}

export class RelayClient {
  readonly socket: Socket;
  onPublish: (payload: Buffer) => void = () => undefined;
  onPuback: () => void = () => undefined;
  /** The number of QoS 1 publishes sent. */
  #sent = 0;
  #rest: Buffer | null = null;
  #answered: (() => void) | null = null;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    socket.on("error", () => undefined);
  }

  /** @throws Error if the broker ends the connection before it answers. */
  static async connect({ port, clientId, clean }: ClientOptions): Promise<RelayClient> {
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    const client = new RelayClient(socket);
    const packet = {
      cmd: "connect",
      protocolId: "MQTT",
      protocolVersion: 4,
      keepalive: 0,
    } as const;
    await client.#ask(mqttPacket.generate({ ...packet, clean, clientId }));
    return client;
  }

  async subscribe(topic: string): Promise<void> {
    const subscriptions = [{ topic, qos: 1 as const }];
    await this.#ask(mqttPacket.generate({ cmd: "subscribe", messageId: 1, subscriptions }));
  }

  /** @param message a PUBLISH of QoS 1 whose identifier is written at `identifierAt`; the bytes are copied. */
  publish(message: Buffer, identifierAt: number): void {
    message.writeUInt16BE((this.#sent++ % 65_535) + 1, identifierAt);
    this.socket.write(Buffer.from(message));
  }

  async #ask(bytes: Buffer): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const gone = (): void => reject(new Error("the broker closed the connection"));
    this.#answered = resolve;
    this.socket.once("close", gone);
    this.socket.write(bytes);
    await promise;
    this.socket.off("close", gone);
  }

  #take(chunk: Buffer): void {
    const bytes = this.#rest === null ? chunk : Buffer.concat([this.#rest, chunk]);
    const answers: number[] = [];
    let at = 0;
    for (;;) {
      const end = packetEnd(bytes, at);
      if (end === null) break;
      this.#packet(bytes.subarray(at, end.at), end.bodyAt - at, answers);
      at = end.at;
    }
    this.#rest = at === bytes.length ? null : bytes.subarray(at);
    if (answers.length > 0) this.socket.write(Buffer.from(answers));
  }

  #packet(packet: Buffer, bodyAt: number, answers: number[]): void {
    const first = packet[0]!;
    const kind = first & 0xf0;
    if (kind === PUBACK) return this.onPuback();
    if (kind === CONNACK || kind === SUBACK) return this.#answered?.();
    if (kind !== PUBLISH) throw new Error(`unexpected packet ${kind.toString(16)}`);
    const identifierAt = bodyAt + 2 + packet.readUInt16BE(bodyAt);
    const isQos1 = (first & 0x06) !== 0;
    if (isQos1) answers.push(PUBACK, 2, packet[identifierAt]!, packet[identifierAt + 1]!);
    this.onPublish(packet.subarray(identifierAt + (isQos1 ? 2 : 0)));
  }
}

/** The end of a packet and the beginning of what follows its length (MQTT 3.1.1, 2.2.3); null if not all of it is there. */
function packetEnd(bytes: Buffer, start: number): { at: number; bodyAt: number } | null {
  let length = 0;
  for (let at = start + 1, shift = 0; at < bytes.length; at++, shift += 7) {
    length += (bytes[at]! & 0x7f) << shift;
    if (bytes[at]! >= 0x80) continue;
    const end = at + 1 + length;
    return end <= bytes.length ? { at: end, bodyAt: at + 1 } : null;
  }
  return null;
}
