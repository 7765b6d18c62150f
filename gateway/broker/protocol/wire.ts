// The few packets that this folder writes itself, as bytes. Four-byte answers are kept as numbers
// until they are written, so that a released batch costs one buffer and one write (see channel.ts).
import * as mqttPacket from "mqtt-packet";
import type { Packet } from "mqtt-packet";
import { returnCodeOf } from "./reason-codes.ts";

const { generate } = mqttPacket;

export const PINGRESP = Buffer.from([0xd0, 0x00]);

const REMAINING_LENGTH = 2 << 16;
export const pubackWord = (messageId: number): number => 0x40000000 | REMAINING_LENGTH | messageId;
export const pubrecWord = (messageId: number): number => 0x50000000 | REMAINING_LENGTH | messageId;
export const pubrelWord = (messageId: number): number => 0x62000000 | REMAINING_LENGTH | messageId;
export const pubcompWord = (messageId: number): number => 0x70000000 | REMAINING_LENGTH | messageId;

/** Encodes for a protocol version; mqtt-packet writes MQTT 3.1 like 3.1.1 after CONNECT. */
export const encode = (packet: Packet, protocolVersion: number): Buffer =>
  generate(packet, { protocolVersion: protocolVersion === 5 ? 5 : 4 });

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
