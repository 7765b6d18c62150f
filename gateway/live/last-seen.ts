// The last message of each topic and the last reading of each device, until they are told (pure). It is on the
// way of every reading, so it keeps references and makes no text: that is for whoever tells them.
//
// S1. Bounded: TOPICS_REMEMBERED topics, as many readings, and CHARS_MAX characters of readings that wait to be told.
// S2. Fair: what waits longest is told first, and of each the newest. Nothing is told twice.
import type { Passed } from "../../contracts/messages/live.ts";
import type { Admission, Admitted } from "../ingest/admission.ts";
import type { Message, Recall } from "../ingest/message.ts";

export const TOPICS_REMEMBERED = 20_000;
/** A longer reading is not shown; it is stored like any other. */
export const READING_CHARS_MAX = 8 * 1024;
export const CHARS_MAX = 16 * 1024 * 1024;
/** Bytes of a payload that are shown. */
export const PREVIEW_BYTES = 256;

/** A reading as the log has it, and the way it came. */
export interface LastReading {
  readonly topic: string;
  readonly mapping: string | null;
  /** The message of its topic, where that carries nothing else; its beginning is shown as well. */
  readonly of: LastMessage | null;
  /** Null once all is told. */
  encoded: string | null;
  waits: boolean;
}

export interface LastMessage {
  readonly topic: string;
  count: number;
  /** The count when it was told last. */
  told: number;
  lastMs: number;
  retained: boolean;
  device: string | null;
  mapping: string | null;
  refused: string | null;
  passed: Passed | null;
  /** The beginning of its payload; null where `reading` has it. */
  payload: Buffer | null;
  waits: boolean;
  /** The reading of a topic that carries those of one device and contract; null of any other topic. */
  reading: LastReading | null;
  /** True once others took its place (S1): a connection may still have it. */
  isForgotten: boolean;
}

type Seen = Pick<Message, "topic" | "payload" | "retain" | "device" | "principal" | "recall">;

export class LastSeen {
  readonly #topics = new Map<string, LastMessage>();
  /** Readings that a mapping made, by device and contract. */
  readonly #mapped = new Map<string, LastReading>();
  #messagesWaiting: LastMessage[] = [];
  #readingsWaiting: LastReading[] = [];
  #chars = 0;
  /** Readings since the start. */
  readings = 0;

  /** Notes what became of a message. Its payload is not kept: at most its beginning is copied. */
  add(message: Seen, receivedAtMs: number, admission: Admission): void {
    const last = this.#message(message, receivedAtMs);
    last.passed = null;
    if (admission.kind === "reading" && admission.from === undefined) {
      last.refused = null;
      last.payload = null;
      this.readings += 1;
      last.reading ??= { topic: last.topic, mapping: null, of: last, encoded: null, waits: false };
      return this.#wait(last.reading, admission.encoded);
    }
    last.payload = beginningOf(message.payload);
    last.device = message.device ?? null;
    if (admission.kind === "several") {
      for (const reading of admission.readings) this.#addMapped(last, reading);
      last.refused = admission.rejects[0]?.reason ?? null;
      return;
    }
    last.refused = admission.kind === "reject" ? admission.reason : null;
    if (admission.kind === "reading") return this.#addMapped(last, admission);
    last.mapping = admission.mapping ?? null;
    last.device = admission.device ?? last.device;
  }

  /** Notes a message that its sender had no right to publish. */
  refused(message: Seen, receivedAtMs: number, reason: string): void {
    const last = this.#message(message, receivedAtMs);
    last.payload = beginningOf(message.payload);
    last.device = message.device ?? null;
    last.refused = reason;
    last.passed = null;
  }

  /** Notes a message of which no reading was to be made. */
  passed(message: Seen, receivedAtMs: number, passed: Passed): void {
    const last = this.#message(message, receivedAtMs);
    last.payload = beginningOf(message.payload);
    last.device = message.device ?? message.principal ?? null;
    last.mapping = null;
    last.refused = null;
    last.passed = passed;
  }

  /** Hands on readings that wait to be told, longest first, until `take` refuses one. @returns how many wait on. */
  takeReadings(atMost: number, take: (encoded: string, reading: LastReading) => boolean): number {
    this.#readingsWaiting = takeFrom(this.#readingsWaiting, atMost, (reading) => {
      const { encoded, of } = reading;
      if (encoded !== null && !take(encoded, reading)) return false;
      reading.waits = false;
      if (!of?.waits) this.#release(reading);
      return true;
    });
    return this.#readingsWaiting.length;
  }

  /** The same of topics. */
  takeMessages(atMost: number, take: (message: LastMessage) => boolean): number {
    this.#messagesWaiting = takeFrom(this.#messagesWaiting, atMost, (message) => {
      if (!take(message)) return false;
      const { reading } = message;
      message.told = message.count;
      message.waits = false;
      if (reading && !reading.waits) this.#release(reading);
      return true;
    });
    return this.#messagesWaiting.length;
  }

  #message({ topic, retain, recall }: Seen, receivedAtMs: number): LastMessage {
    const message = this.#recalled(topic, recall) ?? this.#found(topic, recall);
    message.count += 1;
    message.lastMs = receivedAtMs;
    message.retained = retain;
    if (!message.waits && this.#messagesWaiting.length < TOPICS_REMEMBERED) {
      message.waits = true;
      this.#messagesWaiting.push(message);
    }
    return message;
  }

  /** The topic of the connection's message before this one, if it is this topic. */
  #recalled(topic: string, recall: Recall | undefined): LastMessage | null {
    // Nobody else writes there.
    const last = (recall?.of ?? null) as LastMessage | null;
    return last !== null && !last.isForgotten && last.topic === topic ? last : null;
  }

  #found(topic: string, recall: Recall | undefined): LastMessage {
    const message = this.#topics.get(topic) ?? this.#newTopic(topic);
    if (recall) recall.of = message;
    return message;
  }

  #newTopic(topic: string): LastMessage {
    if (this.#topics.size >= TOPICS_REMEMBERED) {
      const forgotten = forgetOldest(this.#topics); // S1
      if (forgotten) forgotten.isForgotten = true;
    }
    const message: LastMessage = {
      ...{ topic, count: 0, told: 0, lastMs: 0, retained: false, device: null, mapping: null },
      ...{ refused: null, passed: null, payload: null },
      ...{ waits: false, reading: null, isForgotten: false },
    };
    this.#topics.set(topic, message);
    return message;
  }

  #addMapped(last: LastMessage, { encoded, from }: Admitted): void {
    const { device = "", contract = "", mapping = null } = from ?? {};
    this.readings += 1;
    last.device = device;
    last.mapping = mapping;
    const key = `${device}\n${contract}`;
    let reading = this.#mapped.get(key);
    if (reading?.topic !== last.topic || reading.mapping !== mapping) {
      if (reading) this.#release(reading);
      else if (this.#mapped.size >= TOPICS_REMEMBERED) forgetOldest(this.#mapped); // S1
      reading = { topic: last.topic, mapping, of: null, encoded: null, waits: false };
      this.#mapped.set(key, reading);
    }
    this.#wait(reading, encoded);
  }

  /** Told, or overtaken by one that came another way. */
  #release(reading: LastReading): void {
    this.#chars -= reading.encoded?.length ?? 0;
    reading.encoded = null;
  }

  #wait(reading: LastReading, encoded: string): void {
    const chars = this.#chars - (reading.encoded?.length ?? 0);
    const fits = encoded.length <= READING_CHARS_MAX && chars + encoded.length <= CHARS_MAX;
    reading.encoded = fits ? encoded : null; // S1
    this.#chars = fits ? chars + encoded.length : chars;
    if (reading.waits || this.#readingsWaiting.length >= TOPICS_REMEMBERED) return;
    reading.waits = true;
    this.#readingsWaiting.push(reading);
  }
}

/** The rest, after those at the front that are taken. */
function takeFrom<T>(items: T[], atMost: number, isTaken: (item: T) => boolean): T[] {
  const end = Math.min(items.length, atMost);
  let at = 0;
  while (at < end && isTaken(items[at]!)) at += 1;
  return at === 0 ? items : items.slice(at);
}

/** Removes the entry that was made first. */
function forgetOldest<T>(map: Map<string, T>): T | undefined {
  for (const [key, oldest] of map) {
    map.delete(key);
    return oldest;
  }
  return undefined;
}

/** A copy: the payload is a window on everything that came in the same read. */
const beginningOf = (payload: Buffer): Buffer => Buffer.from(payload.subarray(0, PREVIEW_BYTES));
