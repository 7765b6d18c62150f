import type { LoginRefusal } from "../../identity/login.ts";
import type { Refusal, RefusalReason } from "../../ingest/message.ts";
import { REASON } from "./reason-codes.ts";

/** The MQTT 5 reason code (2.4) of each reason for which the gateway refuses a publish or a client. */
export const REFUSAL_CODES: Readonly<Record<RefusalReason | LoginRefusal, number>> = {
  payload_invalid: REASON.payloadFormatInvalid,
  not_authorized: REASON.notAuthorized,
  quota_exceeded: REASON.quotaExceeded,
  client_id_invalid: REASON.clientIdInvalid,
  bad_credentials: REASON.badCredentials,
  server_unavailable: REASON.serverUnavailable,
  ignored: REASON.success,
};

/** Refusals of messages that are stored all the same, as rejects. */
const KEPT: Readonly<Record<RefusalReason, boolean>> = {
  payload_invalid: true,
  not_authorized: true,
  quota_exceeded: false,
  ignored: false,
};

export const isKept = ({ reason }: Refusal): boolean => KEPT[reason];

/**
 * The answer to a publish that is kept as a reject: the `code` of its reason, which tells a device what
 * is wrong, or `success`, which is true as well, because the message is stored.
 */
export type RejectAnswer = "code" | "success";

export interface RejectAnswers {
  readonly qos1: RejectAnswer;
  readonly qos2: RejectAnswer;
}

/**
 * At QoS 2 success: Eclipse Paho for Java closes its connection on any PUBREC of 0x80 or more, connects
 * again and sends the same message again, for ever; for paho-mqtt in Python such a PUBREC ends in an error
 * too. At QoS 1 every client that was tried goes on after a PUBACK of 0x80 or more.
 */
export const DEFAULT_REJECT_ANSWERS: RejectAnswers = { qos1: "code", qos2: "success" };

/** The MQTT 5 reason code of the answer to a publish: 0x00, or that of its refusal. */
export function answerCode(qos: 1 | 2, refusal: Refusal | null, answers: RejectAnswers): number {
  if (!refusal) return REASON.success;
  const answer = qos === 1 ? answers.qos1 : answers.qos2;
  return answer === "success" && isKept(refusal) ? REASON.success : REFUSAL_CODES[refusal.reason];
}
