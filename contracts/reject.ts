/** Why a publish was refused: a closed list, because it is a subject token and a metric label. */
export const REJECT_REASONS = [
  "not_json",
  "unmapped_topic",
  "unknown_contract",
  "contract_violation",
  "too_large",
  "clock_ahead",
  "clock_behind",
  "identity_conflict",
  "unwritable",
] as const;

export type RejectReason = (typeof REJECT_REASONS)[number];

/** A refused publish as stored on `rejects.{region}.{reason}.{device}`: nothing of it is lost. */
export interface Reject {
  readonly reason: RejectReason;
  /** What exactly is wrong, naming the field. */
  readonly detail: string;
  readonly topic: string;
  readonly clientId: string;
  /** The device of the topic, else the client id. */
  readonly device: string;
  readonly contract: string | null;
  readonly version: number | null;
  readonly receivedAtMs: number;
  /** The raw bytes, base64. */
  readonly payload: string;
}
