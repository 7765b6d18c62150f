// The arrival of a message in ingest's own words, whatever transport it came over. A transport makes
// a `Message`, hands it to the pipeline, and translates a `Refusal` into the codes of its protocol.
import type { RejectReason } from "../../contracts/messages/reject.ts";

/**
 * A connection's place for whoever listens to all of its messages: a device sends on one topic, as a rule, and what is
 * known of that topic need not be looked up for each message.
 */
export interface Recall {
  of: { readonly topic: string } | null;
  /** The topic that its sender was last allowed, and by which state of the records; absent while there is none. */
  allowed?: string;
  allowedAsOf?: number;
  /** The last topic whose class was asked for, and its class. */
  classed?: string;
  /** The revision of the mappings by which it has that class. */
  classedAsOf?: number;
  class?: TopicClass;
}

/** The ways that the messages of a topic go. With neither they are acknowledged, and go nowhere. */
export interface TopicClass {
  /** Readings, commands, or rejects are made of them. */
  readonly telemetry: boolean;
  /** They go from client to client, as on any broker. */
  readonly relayed: boolean;
}

/** One message of one client. `payload` must not be kept past `settle` without a copy. */
export interface Message {
  readonly clientId: string;
  /** The record that its sender logged in as; undefined for anonymous senders. */
  readonly principal?: string | undefined;
  /** The rights that its sender logged in with, in one word; absent where nobody logs in. */
  readonly grant?: string | undefined;
  /** The device that its sender is, if it logged in as one. */
  readonly device?: string | undefined;
  /** The holder whose share it takes of what senders have together; absent for what is nobody's. */
  readonly holder?: { readonly key: string };
  readonly topic: string;
  readonly payload: Buffer;
  /** 0: its sender waits for no answer, so pressure may drop it; else it is held until stored. */
  readonly qos: 0 | 1 | 2;
  /** A broker is to keep it for those who subscribe later. Bridges repeat such messages (bridge-memory.ts). */
  readonly retain: boolean;
  /** The number that its sender gave it among those on their way; undefined at QoS 0. */
  readonly messageId?: number | undefined;
  /** Its sender may have sent it before, under the same number. */
  readonly dup?: boolean;
  /** W3C trace context, if its sender gave one. */
  readonly traceparent: string | undefined;
  /** Media type that its sender gave; it chooses the codec. */
  readonly contentType: string | undefined;
  /** The same for all messages of a connection; absent for what comes alone, such as a will. */
  readonly recall?: Recall | undefined;
  /** The protocol that it came by; absent: MQTT. */
  readonly protocol?: "http" | undefined;
  /** The arrival that it counts as of; absent: now, by the clock of ingest. */
  readonly arrivedAtMs?: number | undefined;
  /** Whoever knows readings that are stored already; absent: all are taken for new ones. */
  readonly repeats?: Repeats | undefined;
}

/** A reading as it goes into the log, and what tells it from all others; absent if only its place there does. */
export interface Identified {
  readonly encoded: string;
  readonly identity?: string;
  /** Its index, where its message holds an array. */
  readonly element?: number;
}

/** Told of each reading of a message: one that is stored already is settled, and not stored again. */
export interface Repeats {
  isStored(reading: Identified): boolean;
  /** The log has acknowledged it. */
  stored(reading: Identified): void;
}

/** Whoever says a message, as far as it matters for what it may say. */
export type Sender = Pick<Message, "clientId" | "principal" | "holder">;

/** Bounded, because each transport has a code for each of them. */
export type RefusalReason = "payload_invalid" | "not_authorized" | "quota_exceeded" | "ignored";

/**
 * The reason why a message is not in the log. It was kept as a reject, unless pressure dropped it, or it is
 * ignored on purpose, which its sender hears nothing of.
 */
export interface Refusal {
  readonly reason: RefusalReason;
  /** Text for its sender: what exactly is wrong. */
  readonly detail: string;
  /** Everything that is refused of it, where it was admitted in part or not at all. */
  readonly rejects?: readonly RefusedPart[];
}

/** A reading of a message that is refused, or several of them for one reason. */
export interface RefusedPart {
  readonly reason: RejectReason;
  readonly detail: string;
  /** Their indexes, where the message holds an array. */
  readonly elements?: readonly number[];
}

/**
 * Called once: with `null` when the message is stored, else with why it is refused.
 * @param relayed it goes to subscribers in any case, and its sender is answered only once the sessions of those who
 * are away have it.
 */
export type Settle = (refusal: Refusal | null, relayed?: boolean) => void;
