// The two directions of a load connection, without a packet library in the hot path (pure).
//
// W1. A connection has `window` slots, each a complete PUBLISH encoded once; a send patches packet
//     identifier, sequence, time and values in place and writes the slot's bytes.
// W2. A slot is patched only while fewer than `window` publishes are unanswered. Then some answer
//     came for a publish at least as new as the slot's last one, so TCP has delivered those bytes:
//     the socket never holds a reference to bytes that change.
import * as mqttPacket from "mqtt-packet";
import { telemetryTopic } from "../../../contracts/names/topics.ts";
import { ENVIRONMENT, SEQUENCE_DIGITS, type Sample, TIME_DIGITS } from "./shape.ts";

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** The devices of one connection that speaks for many: every `step`th one from `first` on, in turn. */
export interface Spoken {
  readonly first: number;
  readonly step: number;
  readonly count: number;
}

const SPOKEN_DIGITS = 7;
const spokenName = (index: number): string => `bench-${String(index).padStart(SPOKEN_DIGITS, "0")}`;

export const deviceName = (index: number): string => `bench-${String(index).padStart(5, "0")}`;

/** MQTT 3.1.1, or 5 with user properties in each PUBLISH. */
export type Dialect = 4 | 5;

/** Properties as devices send them along. */
const PROPERTIES = { userProperties: { site: "eu-1", firmware: "2.14.0" } };

export const connectBytes = (
  clientId: string,
  credentials?: Credentials,
  protocolVersion: Dialect = 4,
): Buffer =>
  mqttPacket.generate({
    cmd: "connect",
    protocolId: "MQTT",
    protocolVersion,
    clean: true,
    clientId,
    keepalive: 0,
    ...(credentials
      ? { username: credentials.username, password: Buffer.from(credentials.password) }
      : {}),
  });

export const DISCONNECT = Buffer.from([0xe0, 0x00]);

const ZERO = 0x30;

/** Slots of encoded publishes of one device (W1). */
export class PublishSlots {
  readonly window: number;
  readonly messageBytes: number;
  readonly bytes: Buffer;
  readonly #identifiers: number;
  readonly #identifierAt: number;
  readonly #payloadAt: number;
  readonly #sample: Sample;
  readonly #spoken: Spoken | null;
  /** The last digit of the device in the topic. */
  readonly #deviceAt: number;

  /** @param device of all its publishes, or those that it speaks for. */
  constructor(
    device: string | Spoken,
    window: number,
    protocolVersion: Dialect = 4,
    sample: Sample = ENVIRONMENT,
  ) {
    this.#spoken = typeof device === "string" ? null : device;
    const name = typeof device === "string" ? device : spokenName(device.first);
    const topic = telemetryTopic(name, sample.contract);
    const payload = Buffer.from(sample.json);
    this.#sample = sample;
    const packet = { cmd: "publish", topic, payload, qos: 1, dup: false, retain: false } as const;
    const properties = protocolVersion === 5 ? { properties: PROPERTIES } : {};
    const generate = (messageId: number): Buffer =>
      mqttPacket.generate({ ...packet, ...properties, messageId }, { protocolVersion });
    const message = generate(1);
    this.window = window;
    // Identifiers are a multiple of the window, so that an identifier alone names its slot.
    this.#identifiers = Math.floor(65_535 / window) * window;
    this.messageBytes = message.length;
    this.#payloadAt = message.length - payload.length;
    // The low byte of the identifier is the first one in which two messages differ.
    const other = generate(2);
    this.#identifierAt = message.findIndex((byte, at) => byte !== other[at]) - 1;
    this.#deviceAt = message.indexOf(name) + name.length - 1;
    this.bytes = Buffer.allocUnsafeSlow(window * message.length);
    for (let slot = 0; slot < window; slot++) message.copy(this.bytes, slot * message.length);
  }

  slotOf(n: number): number {
    return n % this.window;
  }

  slotOfIdentifier(messageId: number): number {
    return (messageId - 1) % this.window;
  }

  /** Makes the `n`th publish of this device (from 0) in its slot. */
  patch(n: number, clock: TimeDigits): void {
    const { bytes } = this;
    const { sequenceAt, timeAt, numbersAt, bitAt } = this.#sample;
    const start = (n % this.window) * this.messageBytes;
    const messageId = (n % this.#identifiers) + 1;
    bytes[start + this.#identifierAt] = messageId >> 8;
    bytes[start + this.#identifierAt + 1] = messageId & 0xff;
    const payload = start + this.#payloadAt;
    const spoken = this.#spoken;
    let sequence = n;
    if (spoken !== null) {
      sequence = Math.floor(n / spoken.count);
      const device = spoken.first + (n % spoken.count) * spoken.step;
      this.#digits(start + this.#deviceAt, SPOKEN_DIGITS, device);
    }
    // All but the first, which is not 0.
    this.#digits(payload + sequenceAt + SEQUENCE_DIGITS - 1, SEQUENCE_DIGITS - 1, sequence);
    const { digits } = clock;
    for (let digit = 0; digit < TIME_DIGITS; digit++)
      bytes[payload + timeAt + digit] = digits[digit]!;
    // Knuth's multiplicative hash: cheap digits that do not repeat within a frame.
    let noise = Math.imul(n + payload, 2654435761) >>> 0;
    for (const place of numbersAt) {
      bytes[payload + place] = ZERO + (noise % 10);
      bytes[payload + place + 2] = ZERO + ((noise >>> 5) % 10);
      bytes[payload + place + 3] = ZERO + ((noise >>> 8) % 10);
      noise = (noise >>> 7) | (noise << 25);
      noise >>>= 0;
    }
    if (bitAt !== null) bytes[payload + bitAt] = ZERO + (noise & 1);
  }

  /** Writes a number's digits, the last one at `last`. */
  #digits(last: number, count: number, value: number): void {
    const { bytes } = this;
    let rest = value;
    for (let digit = last; digit > last - count; digit--) {
      const tenth = (rest / 10) | 0;
      bytes[digit] = ZERO + rest - tenth * 10;
      rest = tenth;
    }
  }
}

/** The wall clock as ASCII digits, converted once per millisecond instead of once per message. */
export class TimeDigits {
  readonly digits = new Uint8Array(TIME_DIGITS);
  #ms = -1;

  set(ms: number): void {
    if (ms === this.#ms) return;
    this.#ms = ms;
    let rest = ms;
    for (let digit = TIME_DIGITS - 1; digit >= 0; digit--) {
      const tenth = Math.floor(rest / 10);
      this.digits[digit] = ZERO + (rest - tenth * 10);
      rest = tenth;
    }
  }
}

/**
 * Counts the four-byte answers of one connection, whatever pieces TCP delivers them in. After
 * CONNACK nothing but PUBACK can come: we subscribe to nothing and send no pings.
 */
export class AnswerScanner {
  #connected = false;
  readonly #partial = new Uint8Array(4);
  #partialBytes = 0;
  /** Bytes of a CONNACK's properties that are still to come. */
  #skipped = 0;

  get connected(): boolean {
    return this.#connected;
  }

  /**
   * Calls `onPuback` per PUBACK and returns their number.
   * @throws Error when the broker refuses the connection or says anything else.
   */
  scan(bytes: Uint8Array, length: number, onPuback?: (messageId: number) => void): number {
    let pubacks = 0;
    let at = this.#skip(0, length);
    while (this.#partialBytes > 0 && at < length) {
      this.#partial[this.#partialBytes++] = bytes[at++]!;
      if (this.#partialBytes < 4) continue;
      this.#partialBytes = 0;
      pubacks += this.#take(this.#partial, 0, onPuback);
      at = this.#skip(at, length);
    }
    while (at + 4 <= length) {
      pubacks += this.#take(bytes, at, onPuback);
      at = this.#skip(at + 4, length);
    }
    while (at < length) this.#partial[this.#partialBytes++] = bytes[at++]!;
    return pubacks;
  }

  #skip(at: number, length: number): number {
    const skipped = Math.min(this.#skipped, length - at);
    this.#skipped -= skipped;
    return at + skipped;
  }

  #take(bytes: Uint8Array, at: number, onPuback?: (messageId: number) => void): number {
    const isPuback = this.#connected && bytes[at] === 0x40 && bytes[at + 1] === 2;
    if (isPuback) {
      onPuback?.((bytes[at + 2]! << 8) | bytes[at + 3]!);
      return 1;
    }
    if (this.#connected || bytes[at] !== 0x20 || bytes[at + 1]! < 2 || bytes[at + 1]! > 127)
      throw new Error(
        `expected ${this.#connected ? "PUBACK" : "CONNACK"}, got ${Buffer.from(bytes.subarray(at, at + 4)).toString("hex")}`,
      );
    if (bytes[at + 3] !== 0) throw new Error(`CONNECT was refused with code ${bytes[at + 3]}`);
    this.#connected = true;
    this.#skipped = bytes[at + 1]! - 2;
    return 0;
  }
}
