// Packets of clients as bytes, written from the grammar of MQTT 3.1.1 and 5 rather than by a library,
// and damaged the way that broken or hostile clients damage them. Everything follows from the seed.

type Random = () => number;

const below = (random: Random, bound: number): number => Math.floor(random() * bound);
const pick = <T>(random: Random, from: readonly T[]): T => from[below(random, from.length)]!;
const chance = (random: Random, share: number): boolean => random() < share;

const two = (value: number): Buffer => Buffer.from([(value >> 8) & 0xff, value & 0xff]);
const four = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
};
export function varint(value: number): Buffer {
  const bytes: number[] = [];
  do {
    const byte = value % 128;
    value = Math.floor(value / 128);
    bytes.push(value > 0 ? byte | 0x80 : byte);
  } while (value > 0);
  return Buffer.from(bytes);
}
const binary = (bytes: Buffer): Buffer => Buffer.concat([two(bytes.length), bytes]);
export const text = (value: string): Buffer => binary(Buffer.from(value));

/** One whole packet around its variable header and payload. */
export const packetOf = (first: number, ...parts: Buffer[]): Buffer => {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([first]), varint(body.length), body]);
};

const NAMES = ["a", "fuzz/1", "fuzz/é", "constructor", "__proto__", "$SYS/x", "x".repeat(300)];
const FILTERS = [...NAMES, "#", "+", "fuzz/#", "+/1"];
const name = (random: Random): string => pick(random, NAMES);
const id = (random: Random): Buffer => two(1 + below(random, 65_535));

type Value = (random: Random) => Buffer;
const flagValue: Value = (random) => Buffer.from([below(random, 2)]);
const someFour: Value = (random) => four(below(random, 2 ** 32));
const someText: Value = (random) => text(name(random));
const pair: Value = (random) => Buffer.concat([text(name(random)), text(name(random))]);

/** Properties that a client may send: id → its value, by carrier. */
const PROPERTIES = {
  publish: {
    0x01: flagValue,
    0x02: someFour,
    0x03: someText,
    0x08: someText,
    0x09: someText,
    0x23: () => two(1),
    0x26: pair,
  },
  will: {
    0x01: flagValue,
    0x02: someFour,
    0x03: someText,
    0x08: someText,
    0x18: someFour,
    0x26: pair,
  },
  connect: {
    0x11: someFour,
    0x17: flagValue,
    0x19: flagValue,
    0x21: id,
    0x22: id,
    0x26: pair,
    0x27: (random: Random) => four(64 + below(random, 1_000_000)),
  },
  acknowledgement: { 0x1f: someText, 0x26: pair },
  subscribe: { 0x0b: (random: Random) => varint(1 + below(random, 268_435_455)), 0x26: pair },
  unsubscribe: { 0x26: pair },
  disconnect: { 0x1f: someText, 0x26: pair },
} satisfies Record<string, Record<number, Value>>;

function properties(random: Random, carrier: keyof typeof PROPERTIES): Buffer {
  const table: Record<string, Value> = PROPERTIES[carrier];
  const chosen = Object.entries(table).filter(() => chance(random, 0.25));
  if (chance(random, 0.2)) chosen.push(["38", pair]);
  const section = Buffer.concat(
    chosen.map(([key, value]) => Buffer.concat([Buffer.from([Number(key)]), value(random)])),
  );
  return Buffer.concat([varint(section.length), section]);
}

export type Version = 4 | 5;

const only = (version: Version, make: () => Buffer): Buffer =>
  version === 5 ? make() : Buffer.alloc(0);

type Protocol = readonly [name: string, level: number];

/** MQTT 3.1 is spoken like 3.1.1; Mosquitto's bridges set the highest bit of either level. */
const PROTOCOLS: Readonly<Record<Version, readonly Protocol[]>> = {
  4: [
    ["MQTT", 4],
    ["MQTT", 0x84],
    ["MQIsdp", 3],
    ["MQIsdp", 0x83],
  ],
  5: [["MQTT", 5]],
};

/** Levels with the name of another version, or with a bridge's bit that they cannot have. */
export const WRONG_PROTOCOLS: readonly Protocol[] = [
  ["MQTT", 3],
  ["MQTT", 0x83],
  ["MQIsdp", 4],
  ["MQIsdp", 0x84],
  ["MQIsdp", 5],
  ["MQTT", 0x85],
  ["MQIsdp", 0x85],
  ["MQTT", 0x80],
  ["MQTT", 0xff],
  ["", 0x84],
];

export function connectBytes(
  random: Random,
  version: Version,
  clientId: string,
  [protocol, level] = pick(random, PROTOCOLS[version]),
): Buffer {
  const hasWill = chance(random, 0.3);
  const hasName = chance(random, 0.2);
  const hasPassword = hasName && chance(random, 0.5);
  const flags =
    2 |
    (hasWill ? 4 | (below(random, 3) << 3) | (chance(random, 0.5) ? 32 : 0) : 0) |
    (hasPassword ? 64 : 0) |
    (hasName ? 128 : 0);
  return packetOf(
    0x10,
    text(protocol),
    Buffer.from([level, flags]),
    two(60),
    only(version, () => properties(random, "connect")),
    text(clientId),
    ...(hasWill
      ? [
          only(version, () => properties(random, "will")),
          text("fuzz/will"),
          binary(Buffer.from("w")),
        ]
      : []),
    ...(hasName ? [text("user")] : []),
    ...(hasPassword ? [binary(Buffer.from([0, 1, 2]))] : []),
  );
}

function publishBytes(random: Random, version: Version): Buffer {
  const qos = below(random, 3);
  const dup = qos > 0 && chance(random, 0.1) ? 8 : 0;
  return packetOf(
    0x30 | dup | (qos << 1) | below(random, 2),
    text(name(random)),
    ...(qos > 0 ? [id(random)] : []),
    only(version, () => properties(random, "publish")),
    Buffer.from(chance(random, 0.5) ? "{}" : name(random)),
  );
}

function acknowledgementBytes(random: Random, version: Version): Buffer {
  const [first, codes] = pick(random, [
    [0x40, [0, 0x10, 0x80, 0x97]],
    [0x50, [0, 0x10, 0x87]],
    [0x62, [0, 0x92]],
    [0x70, [0, 0x92]],
  ] as const);
  const length = version === 5 ? below(random, 3) : 0;
  return packetOf(
    first,
    id(random),
    ...(length > 0 ? [Buffer.from([pick<number>(random, codes)])] : []),
    ...(length > 1 ? [properties(random, "acknowledgement")] : []),
  );
}

function filtersBytes(random: Random, version: Version, subscribes: boolean): Buffer {
  const filters = Array.from({ length: 1 + below(random, 3) }, () => [
    text(pick(random, FILTERS)),
    ...(subscribes
      ? [Buffer.from([below(random, 3) | (version === 5 ? below(random, 4) << 2 : 0)])]
      : []),
  ]);
  return packetOf(
    subscribes ? 0x82 : 0xa2,
    id(random),
    only(version, () => properties(random, subscribes ? "subscribe" : "unsubscribe")),
    ...filters.flat(),
  );
}

function farewellBytes(random: Random, version: Version): Buffer {
  const length = version === 5 ? below(random, 3) : 0;
  return packetOf(
    0xe0,
    ...(length > 0 ? [Buffer.from([pick(random, [0, 4, 0x80, 0x96])])] : []),
    ...(length > 1 ? [properties(random, "disconnect")] : []),
  );
}

/** A well-formed packet that a connected client may send, of any type. */
export function clientPacket(random: Random, version: Version): Buffer {
  if (chance(random, 0.3)) return publishBytes(random, version);
  if (chance(random, 0.01)) return farewellBytes(random, version);
  return pick(random, [
    () => publishBytes(random, version),
    () => acknowledgementBytes(random, version),
    () => acknowledgementBytes(random, version),
    () => filtersBytes(random, version, true),
    () => filtersBytes(random, version, false),
    () => packetOf(0xc0),
  ])();
}

const BAD_TEXT = [[0x00], [0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0x01], [0xef, 0xbf, 0xbf]];

/** The packet, no longer as it should be: flags, lengths, ids, text or bytes are wrong, or it is cut. */
export function damaged(random: Random, packet: Buffer): Buffer {
  const bytes = Buffer.from(packet);
  const at = below(random, bytes.length);
  switch (below(random, 9)) {
    case 0: // Another type or other flags.
      bytes[0] = below(random, 256);
      return bytes;
    case 1: // A remaining length that lies.
      bytes[1] = below(random, 256);
      return bytes;
    case 2: // A remaining length that is true of a body that is cut.
      return recut(bytes, below(random, bytes.length));
    case 3: // … or that has something behind it.
      return packetOf(bytes[0]!, bodyOf(bytes), Buffer.from([below(random, 256)]));
    case 4:
      bytes[at]! ^= 1 << below(random, 8);
      return bytes;
    case 5:
      bytes[at] = below(random, 256);
      return bytes;
    case 6: // Bytes that are no text, in the middle.
      Buffer.from(pick(random, BAD_TEXT)).copy(bytes, at);
      return bytes;
    case 7: // Packet identifier 0, or no topic.
      bytes.fill(0, 2, Math.min(4, bytes.length));
      return bytes;
    default: // Nothing but a header.
      return Buffer.from([bytes[0]!, pick(random, [0, 1, 0x80, 0xff])]);
  }
}

function bodyOf(packet: Buffer): Buffer {
  let at = 1;
  while (packet[at]! >= 0x80) at++;
  return packet.subarray(at + 1);
}

const recut = (packet: Buffer, length: number): Buffer =>
  packetOf(packet[0]!, bodyOf(packet).subarray(0, length));
