// What became of each reading of a request, and the answer that says so (pure).
//
// O1. 200: all of it is in the log. 207: some is, the rest is refused and kept as rejects. 422: all of it is refused
//     and kept; 403, if for want of rights.
import type { Refused } from "../ingest/admission.ts";
import type { Refusal } from "../ingest/message.ts";

export type ElementOutcome =
  | { readonly outcome: "stored" | "repeated" }
  | {
      readonly outcome: "rejected";
      /** As rejects have it. */
      readonly reason: string;
      /** JSON pointer of the first field at fault, where one is. */
      readonly field?: string;
      readonly detail: string;
      /** False where not even a reject of it is kept, because it is too large, or its topic is ignored. */
      readonly kept?: false;
    };

export const STORED: ElementOutcome = { outcome: "stored" };
export const REPEATED: ElementOutcome = { outcome: "repeated" };

const FIELD = /^(\/[^\s:]{0,200})/;

/** The outcome of a message that is refused as a whole, or of one of its elements. */
export function rejected({ reason, detail }: Pick<Refused, "reason" | "detail">): ElementOutcome {
  const [, field] = FIELD.exec(detail) ?? [];
  return { outcome: "rejected", reason, ...(field === undefined ? {} : { field }), detail };
}

/** The outcome of a message of one reading. */
export function outcomeOfRefusal(refusal: Refusal): ElementOutcome {
  const [first] = refusal.rejects ?? [];
  if (first) return rejected(first);
  const { reason, detail } = refusal;
  if (reason === "ignored") return { outcome: "rejected", reason, detail, kept: false };
  return rejected({ reason: reason === "not_authorized" ? reason : "not_json", detail });
}

export interface Answer {
  readonly status: number;
  readonly body: string;
}

export interface Counts {
  readonly stored: number;
  readonly repeated: number;
  readonly rejected: number;
}

export function countsOf(outcomes: readonly ElementOutcome[]): Counts {
  const counts = { stored: 0, repeated: 0, rejected: 0 };
  for (const { outcome } of outcomes) counts[outcome] += 1;
  return counts;
}

/** O1. */
export function statusOf(outcomes: readonly ElementOutcome[], counts: Counts): number {
  if (counts.rejected === 0) return 200;
  if (counts.rejected < outcomes.length) return 207;
  const isForbidden = outcomes.every(
    (one) => one.outcome === "rejected" && one.reason === "not_authorized",
  );
  return isForbidden ? 403 : 422;
}

const WORDS = {
  stored: JSON.stringify(STORED),
  repeated: JSON.stringify(REPEATED),
} as const;

export function answerOf(outcomes: readonly ElementOutcome[]): Answer {
  const counts = countsOf(outcomes);
  const { stored, repeated, rejected: refused } = counts;
  const elements = outcomes.map((one) =>
    one.outcome === "rejected" ? JSON.stringify(one) : WORDS[one.outcome],
  );
  return {
    status: statusOf(outcomes, counts),
    body: `{"stored":${stored},"repeated":${repeated},"rejected":${refused},"elements":[${elements.join(",")}]}`,
  };
}
