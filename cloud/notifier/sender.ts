import type { Message } from "./message.ts";

/** The end of one attempt. */
export type Outcome =
  | { readonly kind: "delivered" }
  /** Worth another try, `retryAfterMs` from now at the earliest. */
  | { readonly kind: "deferred"; readonly reason: string; readonly retryAfterMs?: number }
  /** This message will never be taken. */
  | { readonly kind: "refused"; readonly reason: string };

/** Sends messages: one attempt each, which ends by itself. */
export interface Sender {
  /** @param traceparent W3C Trace Context of the attempt, for a receiver that can go on with it. */
  send(message: Message, traceparent: string | null): Promise<Outcome>;
}

/** An attempt that takes longer counts as failed. */
export const ATTEMPT_WITHIN_MS = 15_000;
