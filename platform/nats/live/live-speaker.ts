// Messages on the live lane, from one process.
//
// M1. Nothing waits for it, and nothing piles up: without a connection a message is dropped, not kept for later.
// M2. A server that refuses the lane, because its configuration is older, is not asked again until it comes back.
import { LIVE_BYTES_MAX, type LiveMessage } from "../../../contracts/messages/live.ts";
import type { NatsConnection } from "../client/connection.ts";
import { followLink } from "../client/link.ts";

export class LiveSpeaker {
  readonly #connection: NatsConnection;
  readonly #refused = new Set<string>();
  #connected = true;

  /** @param connection up, as those are that `connectNats` gives. */
  constructor(connection: NatsConnection) {
    this.#connection = connection;
    followLink(connection, {
      changed: (up) => {
        this.#connected = up;
        if (up) this.#refused.clear();
      },
      refused: (subject) => void this.#refused.add(subject), // M2
    });
  }

  /** False while whatever would be said is dropped (M1). */
  get connected(): boolean {
    const connection = this.#connection;
    return this.#connected && !connection.isClosed() && !connection.isDraining();
  }

  /** False if the message is too large to be said; without a connection it is dropped (M1). */
  say(subject: string, message: LiveMessage): boolean {
    return this.sayText(subject, JSON.stringify(message));
  }

  /** The same of a message that is JSON text already. */
  sayText(subject: string, text: string): boolean {
    if (!this.connected || this.#refused.has(subject)) return true;
    const data = Buffer.from(text);
    if (data.length > LIVE_BYTES_MAX) return false;
    this.#connection.publish(subject, data);
    return true;
  }
}
