import * as mqttPacket from "mqtt-packet";
import type { Packet, Parser } from "mqtt-packet";
import type { ProtocolVersion } from "./packet-check.ts";

/** The library's parsers that nobody uses now, by the version that they read. */
const free = new Map<ProtocolVersion, Parser[]>();
/** More than one is in use only while handling a packet makes another connection read one. */
const FREE_MAX = 4;
const CONNECT = 1;

/**
 * Reads one whole packet by the library's parser. A parser holds nothing of a connection between its packets but
 * the version, so connections share a few: one for each would take 1.3 KB of its memory.
 *
 * @param version of the connection; null before its CONNECT.
 * @param isBridge of a connection whose CONNECT said so, by a bit of its protocol level.
 * @throws Error if the bytes are no such packet.
 */
export function parsePacket(
  bytes: Buffer,
  version: ProtocolVersion | null,
  isBridge = false,
): Packet {
  // A parser keeps the last CONNECT that it has read.
  const isShared = version !== null && !isBridge && bytes[0]! >> 4 !== CONNECT;
  const parser = (isShared && free.get(version)?.pop()) || makeParser(version, isBridge);
  let packet: Packet | null = null;
  let fault: Error | null = null;
  parser.on("packet", (one) => void (packet ??= one));
  parser.on("error", (error: Error) => void (fault ??= error));
  const left = parser.parse(bytes);
  parser.removeAllListeners();
  if (fault !== null) throw fault as Error;
  if (packet === null || left > 0) throw new Error("these bytes are no whole packet");
  // What has read everything is as it was before.
  if (isShared) release(parser, version);
  return packet;
}

const makeParser = (version: ProtocolVersion | null, bridgeMode: boolean): Parser =>
  mqttPacket.parser(version === null ? {} : { protocolVersion: version, bridgeMode });

function release(parser: Parser, version: ProtocolVersion): void {
  const parsers = free.get(version);
  if (!parsers) free.set(version, [parser]);
  else if (parsers.length < FREE_MAX) parsers.push(parser);
}
