// Words of admission (pure): what it is given, by which rules it decides, and what it answers.
import type { RejectReason } from "../../contracts/messages/reject.ts";
import type { Catalog } from "../../contracts/schema/catalog.ts";
import type { Codecs } from "./codecs/by-content-type.ts";
import type { Sender } from "./message.ts";
import type { Mapper } from "./mapping.ts";
import type { Note } from "./note.ts";
import type { SeriesLimit } from "./series-limit.ts";
import type { UnregisteredDevices } from "./unregistered-devices.ts";

/** Contract names are short; anything longer is not worth keeping in full. */
const SHOWN_CHARS_MAX = 200;

/** A reading made here, not spliced in: UTF-8 may triple it, and it has to fit into a NATS message. */
export const MADE_CHARS_MAX = 128 * 1024;

export interface Arrival {
  /** Null for what gateways have written themselves. */
  readonly sender: Sender | null;
  readonly topic: string;
  readonly payload: Buffer;
  readonly contentType?: string | undefined;
  readonly receivedAtMs: number;
  readonly traceparent: string | null;
  /** Its readings are to be told apart from all others ({@link Admitted.identity}). */
  readonly identifies?: boolean;
  /** A replay takes up only what was refused: one mapping entry, some elements of an array. */
  readonly only?: { readonly mapping?: string; readonly elements?: readonly number[] };
}

/** The word on who may speak for a device. */
export interface SpeechRights {
  /** The reason why the sender may not speak for the device, or null. */
  speechProblem(sender: Sender, device: string): string | null;
  isRegistered(device: string): boolean;
}

/** Rules for one payload that is meant for one contract. */
export interface ReadingRules {
  readonly catalog: Catalog;
  /** The number of the log's first present lane, 0 without it, and how many it has. */
  readonly firstLane?: number;
  readonly partitions: number;
  /** Replaces every contract's age limit, for replaying history; undefined in normal operation. */
  readonly ageMaxMs: number | undefined;
  /** Absent: everybody speaks for everybody, which is for trials. */
  readonly speech?: SpeechRights;
  /** Absent: a sender may speak of as many devices without a record as it likes. */
  readonly unregistered?: Pick<UnregisteredDevices, "fault">;
  /** Absent: a device may name as many series as it likes. */
  readonly seriesLimit?: Pick<SeriesLimit, "fault">;
}

/** Rules for a message on any topic, in any encoding. */
export interface AdmissionRules extends ReadingRules {
  /** Absent: only the telemetry topic carries readings. */
  readonly mapper?: Mapper | undefined;
  /** Absent: those of codecs/by-content-type.ts. */
  readonly codecs?: Codecs;
}

export interface Admitted {
  readonly kind: "reading";
  readonly partition: number;
  readonly encoded: string;
  /** Tells it from all other readings; absent if nobody asked, or only its place in the log does. */
  readonly identity?: string;
  /** Its index, where its message holds an array of readings for one contract. */
  readonly element?: number;
  /** The mapping entry that made it (null: it was in an array), and of what; absent for one that a device sent as it is. */
  readonly from?: {
    readonly mapping: string | null;
    readonly device: string;
    readonly contract: string;
  };
  /** The device that it is of, and what it does not hold as it was sent; absent if it holds all. */
  readonly noted?: { readonly device: string; readonly notes: readonly Note[] };
}

export interface Refused {
  readonly kind: "reject";
  readonly reason: RejectReason;
  readonly detail: string;
  readonly device: string | null;
  readonly contract: string | null;
  readonly version: number | null;
  /** The mapping entry, where one was tried. */
  readonly mapping?: string;
  /** Indexes of the refused elements, where the message holds an array of readings. */
  readonly elements?: readonly number[];
}

/** The outcome of a message that holds several readings. */
export interface Several {
  readonly kind: "several";
  readonly readings: readonly Admitted[];
  /** One per mapping entry and reason, naming its elements, so that raw bytes are not multiplied. */
  readonly rejects: readonly Refused[];
  /** Readings that the rejects stand for. */
  readonly refused: number;
}

export type Admission = Admitted | Refused | Several;

export const refuse = (
  reason: RejectReason,
  detail: string,
  at: { device?: string; contract?: string; version?: number } = {},
): Refused => ({
  kind: "reject",
  reason,
  detail: clip(detail),
  device: at.device ?? null,
  contract: at.contract === undefined ? null : clip(at.contract),
  version: at.version ?? null,
});

/** Details quote what devices send, which may be nearly as long as a NATS message. */
const clip = (text: string): string =>
  text.length <= SHOWN_CHARS_MAX ? text : `${text.slice(0, SHOWN_CHARS_MAX).toWellFormed()}…`;
