// Room for what all clients together have published and is not settled yet. A connection that finds
// it full is not read until a fifth of it is free again.
import type { BrokerCounters } from "../broker.ts";
import { PAUSE, type Pausable } from "./pauses.ts";

const REOPENED_BELOW = 0.8;

export class HeldRoom {
  readonly #counters: BrokerCounters;
  readonly #bytesMax: number;
  readonly #waiting = new Set<Pausable>();

  constructor(counters: BrokerCounters, bytesMax: number) {
    this.#counters = counters;
    this.#bytesMax = bytesMax;
  }

  get full(): boolean {
    return this.#counters.publishesHeldBytes > this.#bytesMax;
  }

  take(bytes: number): void {
    this.#counters.publishesHeld++;
    this.#counters.publishesHeldBytes += bytes;
  }

  give(bytes: number): void {
    this.#counters.publishesHeld--;
    this.#counters.publishesHeldBytes -= bytes;
  }

  /** Reads nothing more of a connection until there is room. */
  wait(connection: Pausable): void {
    this.#waiting.add(connection);
    connection.pause(PAUSE.heldBytes);
  }

  /** A connection that is gone waits no longer. */
  leave(connection: Pausable): void {
    this.#waiting.delete(connection);
  }

  /** Lets everybody be read again, once there is room. */
  reopen(): void {
    if (this.#waiting.size === 0) return;
    if (this.#counters.publishesHeldBytes > this.#bytesMax * REOPENED_BELOW) return;
    for (const connection of this.#waiting) connection.resume(PAUSE.heldBytes);
    this.#waiting.clear();
  }
}
