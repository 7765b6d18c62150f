// Rejects on their way and lately stored, so that a message that is sent again is one reject: after a
// PUBREC or PUBACK that was lost, or that its sender took for a failure and connected anew.
//
// V1. Only a message marked as sent before (DUP) is ever taken for one that is known, and only if client,
//     packet identifier, topic, content type and bytes are equal: equal messages are rejects of their own.
// V2. Who sends again waits for the same storing as the first: nothing is settled before it is stored.
import { createHash } from "node:crypto";
import type { Message } from "./message.ts";

/** Rejects that are known again when their message is sent again; the oldest are forgotten. */
export const REJECTS_REMEMBERED = 4_096;

export class RecentRejects {
  readonly #storing = new Map<string, Promise<void>>();

  /**
   * Stores a reject of a message by `store`, unless that is done or under way already.
   * @param part tells the rejects of one message apart.
   */
  keep(
    message: Message,
    part: string,
    store: (knownId: string | undefined) => Promise<void>,
  ): Promise<void> {
    if (message.qos === 0 || message.messageId === undefined) return store(undefined);
    const key = keyOf(message, part);
    const known = message.dup === true ? this.#storing.get(key) : undefined; // V1
    if (known) return known; // V2
    // Sent before, and not to this process as it is: what re-sends there are have an id of their own.
    const storing = store(message.dup === true ? `again:${key}` : undefined);
    // By then another message may have its packet identifier.
    storing.catch(() => this.#storing.get(key) === storing && this.#storing.delete(key));
    this.#storing.delete(key);
    this.#storing.set(key, storing);
    if (this.#storing.size > REJECTS_REMEMBERED)
      this.#storing.delete(this.#storing.keys().next().value!);
    return storing;
  }
}

const keyOf = (message: Message, part: string): string => {
  const { clientId, messageId, qos, topic, contentType, payload } = message;
  return createHash("sha256")
    .update(JSON.stringify([clientId, messageId, qos, topic, contentType, part]))
    .update(payload)
    .digest("base64url");
};
