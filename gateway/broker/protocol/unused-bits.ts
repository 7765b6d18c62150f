// Bits that MQTT 3.1 calls "not used" and MQTT 3.1.1 reserves: the flags of most fixed headers, RETAIN and a DUP of
// what is sent again in others (2.1), and bit 0 of the connect flags (3.1). They are set to what 3.1.1
// asks for, so that neither check nor parser needs to know a third version.

const CONNECT = 1;
const PUBLISH = 3;
/** PUBREL, SUBSCRIBE and UNSUBSCRIBE are sent with QoS 1, and sent again with DUP. */
const OF_QOS_1 = new Set([6, 8, 10]);
const DUP_AND_RETAIN = 0x09;

/**
 * Clears them in a packet of MQTT 3.1, in place.
 * @param span of the packet: `start` is its first byte, `body` what is behind its remaining length.
 */
export function clearUnusedBits(
  bytes: Buffer,
  { start, body, end }: { start: number; body: number; end: number },
): void {
  const first = bytes[start]!;
  const type = first >> 4;
  if (type === PUBLISH) return;
  bytes[start] = OF_QOS_1.has(type) ? first & ~DUP_AND_RETAIN : first & 0xf0;
  if (type !== CONNECT || body + 2 > end) return;
  const flagsAt = body + 2 + bytes.readUInt16BE(body) + 1;
  if (flagsAt < end) bytes[flagsAt]! &= 0xfe;
}
