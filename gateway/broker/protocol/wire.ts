// The few packets that this folder writes itself, as bytes. Four-byte answers are kept as numbers
// until they are written, so that a released batch costs one buffer and one write (see channel.ts).
import * as mqttPacket from "mqtt-packet";
import type { Packet } from "mqtt-packet";
import { returnCodeOf } from "./reason-codes.ts";

const { generate, writeToStream } = mqttPacket;

export const PINGRESP = Buffer.from([0xd0, 0x00]);

const REMAINING_LENGTH = 2 << 16;
export const pubackWord = (messageId: number): number => 0x40000000 | REMAINING_LENGTH | messageId;
export const pubrecWord = (messageId: number): number => 0x50000000 | REMAINING_LENGTH | messageId;
export const pubrelWord = (messageId: number): number => 0x62000000 | REMAINING_LENGTH | messageId;
export const pubcompWord = (messageId: number): number => 0x70000000 | REMAINING_LENGTH | messageId;

/**
 * Has mqtt-packet make its cache of lengths (up to two bytes: 2.2.3 of MQTT 3.1.1) at once. By itself it
 * makes each entry when it first needs it, as four bytes of whichever 64 KiB of Node's pool are in use
 * then, and keeps them for ever: clients that see to 16,384 lengths would cost a gigabyte.
 */
export function keepLengths(): void {
  const nowhere = { write: () => true } as unknown as NodeJS.WritableStream;
  const most = Buffer.alloc(16_384);
  for (let length = 3; length < 16_384; length++)
    writeToStream(
      {
        cmd: "publish",
        topic: "t",
        qos: 0,
        dup: false,
        retain: false,
        payload: most.subarray(3, length),
      },
      nowhere,
    );
}

/** Encodes for a protocol version; mqtt-packet writes MQTT 3.1 like 3.1.1 after CONNECT. */
export const encode = (packet: Packet, protocolVersion: number): Buffer =>
  generate(packet, { protocolVersion: protocolVersion === 5 ? 5 : 4 });

/** The one packet of a server that these bytes are, in the words of MQTT 5; null if they are none. */
export function parseAnswer(bytes: Buffer): Packet | null {
  const parser = mqttPacket.parser({ protocolVersion: 5 });
  let packet: Packet | null = null;
  parser.on("packet", (one) => (packet ??= one));
  parser.on("error", () => undefined);
  parser.parse(bytes);
  return packet;
}

/** A refused CONNECT's answer in the words of its version [MQTT-3.2.2-7] (3.1.1: 3.2.2.3). */
export function refusedConnack(reasonCode: number, protocolVersion: number): Buffer {
  if (protocolVersion !== 5) return Buffer.from([0x20, 0x02, 0x00, returnCodeOf(reasonCode)]);
  return Buffer.from([0x20, 0x03, 0x00, reasonCode, 0x00]);
}

/** The size on the wire of a packet with this remaining length (MQTT 5, 2.1.4). */
export function wireBytes(remainingLength: number): number {
  if (remainingLength < 128) return 2 + remainingLength;
  if (remainingLength < 16_384) return 3 + remainingLength;
  if (remainingLength < 2_097_152) return 4 + remainingLength;
  return 5 + remainingLength;
}
