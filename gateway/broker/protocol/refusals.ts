import type { LoginRefusal } from "../../identity/login.ts";
import type { RefusalReason } from "../../ingest/message.ts";
import { REASON } from "./reason-codes.ts";

/** The MQTT 5 reason code (2.4) of each reason for which the gateway refuses a publish or a client. */
export const REFUSAL_CODES: Readonly<Record<RefusalReason | LoginRefusal, number>> = {
  payload_invalid: REASON.payloadFormatInvalid,
  not_authorized: REASON.notAuthorized,
  quota_exceeded: REASON.quotaExceeded,
  client_id_invalid: REASON.clientIdInvalid,
  bad_credentials: REASON.badCredentials,
  server_unavailable: REASON.serverUnavailable,
};
