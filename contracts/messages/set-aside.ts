// A record that could not be handled: kept with its reason, while everything around it goes on.

/** Kinds and reasons: closed lists, because they are subject tokens and parts of an alert's key. */
export const SET_ASIDE_KINDS = [
  "acknowledgement",
  "alert",
  "assignment",
  "command",
  "contract",
  "device",
  "frame",
  "position",
  "reading",
  "repair",
  "reply",
  "retry",
  "rule",
] as const;

export type SetAsideKind = (typeof SET_ASIDE_KINDS)[number];

/**
 * `unreadable`: its bytes are not what they should be. `unpublishable`: no topic or message can carry it.
 * `refused`: a store refuses it for good. `failed`: handling it threw, which is a bug of ours. `unknown`: it is
 * of a contract version that nobody has published. `unverified`: no trusted key has signed it at this place.
 */
export const SET_ASIDE_REASONS = [
  "failed",
  "refused",
  "unknown",
  "unpublishable",
  "unreadable",
  "unverified",
] as const;

export type SetAsideReason = (typeof SET_ASIDE_REASONS)[number];

/** The process that set it aside. */
export const SET_ASIDE_BY = ["aggregator", "alerting", "gateway", "notifier"] as const;

export type SetAsideBy = (typeof SET_ASIDE_BY)[number];

/** The place of the record, for whoever wants to look at it there. */
export interface RecordPlace {
  readonly stream: string;
  readonly subject: string;
  /** Absent for an entry of a bucket, of which the newest counts, whatever its sequence. */
  readonly seq?: number;
  /** Tells several at one place apart: a reading's place in its frame. */
  readonly part?: number | string;
}

/** As stored on `setaside.{domain}.{by}.{kind}.{reason}.{place}`; see platform/nats/lanes/set-aside.ts. */
export interface SetAsideRecord {
  readonly by: SetAsideBy;
  readonly kind: SetAsideKind;
  readonly reason: SetAsideReason;
  /** The exact fault. */
  readonly detail: string;
  readonly place: RecordPlace;
  /** The time at which it was last set aside, epoch ms. */
  readonly atMs: number;
  /** Size of the record. */
  readonly bytes: number;
  /** The record itself, base64; null where it is too large, or secret: then it is only at its place. */
  readonly payload: string | null;
}

/** The result of a retry: `elsewhere` is the answer of a process that the record does not concern. */
export interface RetryAnswer {
  readonly outcome: "handled" | "still" | "elsewhere";
  readonly detail: string;
}

/** A word in a subject, also one that only a newer program knows. */
const isWord = (word: unknown): boolean => typeof word === "string" && /^[a-z_]{1,32}$/.test(word);

/**
 * Kinds and reasons that this program does not know are a newer program's: its records are listed like all others.
 * @throws Error saying what is wrong with it.
 */
export function checkSetAside(value: unknown): SetAsideRecord {
  const record = value as Partial<SetAsideRecord> | null;
  const { by, kind, reason, place } = record ?? {};
  if (!isWord(by)) throw new Error("/by is nobody");
  if (!isWord(kind)) throw new Error("/kind is none");
  if (!isWord(reason)) throw new Error("/reason is none");
  if (typeof place?.stream !== "string" || typeof place.subject !== "string")
    throw new Error("/place is none");
  return record as SetAsideRecord;
}
