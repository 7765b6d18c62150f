// Where packets begin and end in a stream of bytes, so that only whole ones are looked at.
//
// M1. Bytes of an unfinished packet are kept in one buffer, which grows with what has come and never to
//     more than twice that: a header that promises a megabyte costs nothing.
// M2. A remaining length over the bound, or of more than four bytes, is known with the fixed header.
// M3. The parser sees one packet at a time: given more, it reads on behind the end of some.
import type { IPublishPacket } from "mqtt-packet";
import type { PacketFault } from "./packet-check.ts";
import { wireBytes } from "./wire.ts";

/** Least room for an unfinished packet. */
const LEAST_BYTES = 64;

export interface Span {
  /** Its first byte. */
  start: number;
  /** Behind the remaining length. */
  body: number;
  end: number;
}

export type FramingFault = "malformed" | "packet_too_large";

export interface PacketSink {
  /** Null when a packet may begin with this byte. */
  checkFirst(first: number): PacketFault | null;
  /** Null when the packet of this span, which is overwritten by the next one, may be handed on. */
  check(bytes: Buffer, span: Readonly<Span>): PacketFault | null;
  /** The packet of this span, which is not checked yet, if it is as usual as can be; else null. */
  readAgain(bytes: Buffer, span: Readonly<Span>): IPublishPacket | null;
  /** The packet of this span, which is checked, if it can be read without the parser; else null. */
  read(bytes: Buffer, span: Readonly<Span>): IPublishPacket | null;
  publish(packet: IPublishPacket): void;
  /** A whole packet that is checked and was not read. */
  parse(packet: Buffer): void;
  /** The packet behind those handed on; nothing of this stream is handed on any more. */
  fault(fault: PacketFault | FramingFault): void;
}

export class Framing {
  readonly #packetBytesMax: number;
  readonly #sink: PacketSink;
  readonly #span: Span = { start: 0, body: 0, end: 0 };
  #unfinished: Buffer | null = null;
  #held = 0;
  #faulty = false;
  /** Bytes of the unfinished packet, 0 while its header is cut off. */
  #wanted = 0;

  constructor(packetBytesMax: number, sink: PacketSink) {
    this.#packetBytesMax = packetBytesMax;
    this.#sink = sink;
  }

  /** Hands on the packets that are whole with this chunk, in order and at once, up to the first fault. */
  push(chunk: Buffer): void {
    if (this.#faulty) return;
    const bytes = this.#unfinished === null ? chunk : this.#joined(chunk);
    let at = 0;
    let fault: PacketFault | FramingFault | null = null;
    let wanted = -1;
    while (at < bytes.length) {
      const found = this.#measure(bytes, at);
      const { end } = this.#span;
      if (found === "unknown" || (found === "known" && end > bytes.length)) {
        wanted = found === "known" ? end - at : 0;
        fault = this.#sink.checkFirst(bytes[at]!);
        break;
      }
      let packet = found === "known" ? this.#sink.readAgain(bytes, this.#span) : null;
      if (packet === null) {
        // The first byte is judged first, as it is where it comes alone.
        fault =
          found === "known"
            ? this.#sink.check(bytes, this.#span)
            : (this.#sink.checkFirst(bytes[at]!) ?? found);
        if (fault !== null) break;
        packet = this.#sink.read(bytes, this.#span);
      }
      if (packet !== null) this.#sink.publish(packet);
      else this.#sink.parse(bytes.subarray(at, end)); // M3
      at = end;
    }
    if (fault === null && wanted >= 0) this.#keep(bytes, at, wanted);
    else this.#forget();
    if (fault === null) return;
    this.#faulty = true;
    this.#sink.fault(fault);
  }

  /** Sets the span of the packet at `at`; `unknown` while its fixed header is cut off. */
  #measure(bytes: Buffer, at: number): "known" | "unknown" | FramingFault {
    let length = 0;
    for (let index = 0; index < 4; index++) {
      const byte = bytes[at + 1 + index];
      if (byte === undefined) return "unknown";
      length += (byte & 0x7f) * 128 ** index;
      if (byte >= 0x80) continue;
      if (byte === 0 && index > 0) return "malformed"; // [MQTT-1.5.5-1]
      const body = at + 2 + index;
      this.#span.start = at;
      this.#span.body = body;
      this.#span.end = body + length;
      return wireBytes(length) > this.#packetBytesMax ? "packet_too_large" : "known"; // M2
    }
    return "malformed";
  }

  /** The unfinished packet with what has come since. */
  #joined(chunk: Buffer): Buffer {
    const held = this.#held + chunk.length;
    let buffer = this.#unfinished!;
    if (held > buffer.length) {
      // M1: doubled, so that a packet that comes byte by byte is not copied for each of them.
      buffer = Buffer.allocUnsafeSlow(Math.max(held, Math.min(buffer.length * 2, this.#wanted)));
      this.#unfinished!.copy(buffer, 0, 0, this.#held);
      this.#unfinished = buffer;
    }
    chunk.copy(buffer, this.#held);
    this.#held = held;
    return buffer.subarray(0, held);
  }

  #keep(bytes: Buffer, at: number, wanted: number): void {
    const rest = bytes.subarray(at);
    this.#wanted = wanted;
    if (this.#unfinished !== null && at === 0) return; // It is there already.
    const unfinished = Buffer.allocUnsafeSlow(Math.max(rest.length, LEAST_BYTES));
    rest.copy(unfinished);
    this.#unfinished = unfinished;
    this.#held = rest.length;
  }

  #forget(): void {
    this.#unfinished = null;
    this.#held = 0;
  }
}
