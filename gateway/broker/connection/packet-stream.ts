// From the bytes of one connection to its packets: cut, checked, read.
//
// Y1. Packets are handed over in the order of their bytes; behind one that is not as it must be, none.
// Y2. A PUBLISH is read at once (protocol/publish-reader.ts), everything else by the library's parser.
import type { IPublishPacket, Packet } from "mqtt-packet";
import { Framing, type FramingFault, type PacketSink, type Span } from "../protocol/framing.ts";
import {
  type PacketFault,
  type ProtocolVersion,
  firstByteFault,
  packetFault,
  versionOfConnect,
} from "../protocol/packet-check.ts";
import { parsePacket } from "../protocol/packet-parser.ts";
import { PublishReader, isPublish } from "../protocol/publish-reader.ts";
import { keepUserPairs } from "../protocol/user-properties.ts";
import { clearUnusedBits } from "../protocol/unused-bits.ts";

/** Whoever gets the packets. */
export interface PacketOwner {
  packet(packet: Packet): void;
  malformed(error: Error): void;
  /** Its next packet is not as it must be; it may not be whole yet. */
  violated(fault: PacketFault | FramingFault, version: ProtocolVersion | null): void;
  /** Parsing or handling its bytes threw. */
  failed(error: unknown): void;
}

export class PacketStream implements PacketSink {
  readonly #owner: PacketOwner;
  readonly #framing: Framing;
  /** Null before the first PUBLISH, which most listeners never send. */
  #publishes: PublishReader | null = null;
  /** The version of the CONNECT that was seen. */
  #version: ProtocolVersion | null = null;
  /** True if its CONNECT said that it is a bridge. */
  #isBridge = false;

  constructor(packetBytesMax: number, owner: PacketOwner) {
    this.#owner = owner;
    this.#framing = new Framing(packetBytesMax, this);
  }

  /** Hands over the packets that are whole with this chunk. */
  push(chunk: Buffer): void {
    this.#framing.push(chunk);
  }

  checkFirst(first: number): PacketFault | null {
    return firstByteFault(first, this.#version);
  }

  check(bytes: Buffer, span: Readonly<Span>): PacketFault | null {
    if ((this.#version ?? versionOfConnect(bytes, span)) === 3) clearUnusedBits(bytes, span);
    const fault = packetFault(bytes, span, this.#version);
    // The answer to a CONNECT with a fault is in the words of its version as well.
    this.#version ??= versionOfConnect(bytes, span);
    return fault;
  }

  readAgain(bytes: Buffer, span: Readonly<Span>): IPublishPacket | null {
    return this.#publishes === null ? null : this.#publishes.again(bytes, span, this.#version);
  }

  read(bytes: Buffer, span: Readonly<Span>): IPublishPacket | null {
    if (!isPublish(bytes, span)) return null;
    this.#publishes ??= new PublishReader();
    return this.#publishes.read(bytes, span, this.#version);
  }

  publish(packet: Packet): void {
    try {
      this.#owner.packet(packet);
    } catch (error) {
      this.#owner.failed(error);
    }
  }

  parse(bytes: Buffer): void {
    let packet: Packet;
    try {
      packet = parsePacket(bytes, this.#version, this.#isBridge);
    } catch (error) {
      return this.#owner.malformed(error as Error);
    }
    if (packet.cmd === "connect") this.#isBridge = "bridgeMode" in packet;
    if (this.#version === 5) keepUserPairs(packet, bytes);
    this.publish(packet);
  }

  fault(fault: PacketFault | FramingFault): void {
    this.#owner.violated(fault, this.#version);
  }
}
