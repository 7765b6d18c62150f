import type { FrameReading } from "./frame.ts";

/** Reasons to refuse a publish: a closed list, because each is a subject token and a metric label. */
export const REJECT_REASONS = [
  "not_authorized",
  "not_json",
  "undecodable",
  "unmapped_topic",
  "unmappable",
  "unknown_contract",
  "contract_violation",
  "too_large",
  "clock_ahead",
  "clock_behind",
  "too_many_series",
  "identity_conflict",
  "unwritable",
] as const;

export type RejectReason = (typeof REJECT_REASONS)[number];

/** A refused publish as stored on `rejects.{region}.{reason}.{device}.{contract}`: nothing of it is lost. */
export interface Reject {
  readonly reason: RejectReason;
  /** The exact fault, naming the field. */
  readonly detail: string;
  readonly topic: string;
  readonly clientId: string;
  /** The record that its sender logged in as; absent for anonymous senders, and in rejects of earlier versions. */
  readonly principal?: string;
  /** The device that topic or mapping name, else its sender; its sender, too, if that may not speak for the device. */
  readonly device: string;
  /** As topic, mapping or payload name it, also if there is no such contract; null if none of them does. */
  readonly contract: string | null;
  readonly version: number | null;
  readonly receivedAtMs: number;
  /** W3C trace context of the publish, if it is traced. */
  readonly traceparent?: string;
  /** The mapping entry that was tried, by name. */
  readonly mapping?: string;
  /**
   * Where the payload holds an array of readings: which of its elements were refused for this
   * reason. The others were stored, or are in the reject of another reason.
   */
  readonly elements?: readonly number[];
  /** The content type that its sender gave, unless it is JSON's: a replay decodes by it. */
  readonly contentType?: string;
  /** The raw bytes of the whole message, base64. */
  readonly payload: string;
}

/** The reject of a reading that is in the log, as if its gateway had sent it on this topic. */
export function rejectOfReading(
  { device, contract, version, receivedAtMs, traceparent, payload }: FrameReading,
  of: Pick<Reject, "reason" | "detail" | "topic"> & { readonly gateway: string },
): Reject {
  const { gateway: clientId, reason, detail, topic } = of;
  return {
    ...{ reason, detail, topic, clientId, device, contract, version, receivedAtMs },
    ...(traceparent === null ? {} : { traceparent }),
    payload: Buffer.from(JSON.stringify(payload)).toString("base64"),
  };
}

/** Rejects of one device, reason and contract that are not kept any more, although nobody has replayed them. */
export interface DroppedRejects {
  readonly device: string;
  readonly reason: string;
  /** Absent where nobody knows it. */
  readonly contract?: string;
  /** Rejects that made room: the device had most, and these were its oldest. */
  readonly forRoom: number;
  /** They were older than rejects are kept. */
  readonly byAge: number;
  /** The time at which the last of them went, epoch ms. */
  readonly atMs: number;
}

/** The last message on `rejects.{region}.dropped`: everything that went while rejects are kept. */
export interface DroppedRecord {
  readonly dropped: readonly DroppedRejects[];
  /** The sum of devices, reasons and contracts with fewer than those that are named. */
  readonly others: number;
}
