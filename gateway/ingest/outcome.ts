// What follows from an admission (pure): readings and rejects to store, and the answer to the sender.
import type { Reject } from "../../contracts/messages/reject.ts";
import type { Admission, Admitted, Refused } from "./admission.ts";
import { contentTypeToKeep } from "./codecs/by-content-type.ts";
import type { Message, Refusal } from "./message.ts";

export interface Outcome {
  readonly readings: readonly Admitted[];
  readonly rejects: readonly Refused[];
  /** Null if nothing is refused. */
  readonly refusal: Refusal | null;
}

/** The message as rejects of it keep it, so that a replay can admit it again. */
export type Origin = Pick<
  Reject,
  "topic" | "clientId" | "principal" | "receivedAtMs" | "traceparent" | "contentType" | "payload"
>;

export function outcomeOf(admission: Admission): Outcome {
  switch (admission.kind) {
    case "reading":
      return { readings: [admission], rejects: [], refusal: null };
    case "reject": {
      const refused = admission.elements?.length ?? 1;
      return {
        readings: [],
        rejects: [admission],
        refusal: { ...refusalOf(admission, refused, refused), rejects: [admission] },
      };
    }
    case "several": {
      const { readings, rejects, refused } = admission;
      const [first] = rejects;
      const total = readings.length + refused;
      const refusal = first ? { ...refusalOf(first, refused, total), rejects } : null;
      return { readings, rejects, refusal };
    }
  }
}

function refusalOf({ reason, detail }: Refused, refused: number, total: number): Refusal {
  const counted = total === 1 ? "" : `${refused} of ${total} readings refused; `;
  return {
    reason: reason === "not_authorized" ? reason : "payload_invalid",
    detail: `${counted}${reason}: ${detail}`,
  };
}

export function originOf(
  message: Pick<Message, "topic" | "clientId" | "principal" | "contentType" | "payload">,
  receivedAtMs: number,
  traceparent: string | null,
): Origin {
  const contentType = contentTypeToKeep(message.contentType);
  return {
    topic: message.topic,
    clientId: message.clientId,
    ...(message.principal === undefined ? {} : { principal: message.principal }),
    receivedAtMs,
    ...(traceparent === null ? {} : { traceparent }),
    ...(contentType === undefined ? {} : { contentType }),
    payload: message.payload.toString("base64"),
  };
}

export const rejectOf = (refused: Refused, origin: Origin): Reject => ({
  reason: refused.reason,
  detail: refused.detail,
  contract: refused.contract,
  version: refused.version,
  device: refused.device ?? origin.principal ?? origin.clientId,
  ...(refused.mapping === undefined ? {} : { mapping: refused.mapping }),
  ...(refused.elements === undefined ? {} : { elements: refused.elements }),
  ...origin,
});
