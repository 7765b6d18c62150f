// Clients that are read more slowly, because they send too much (pure).
import type { SlowedClient } from "../../contracts/messages/status.ts";

/** A client that was not slowed down for so long sends no more than it may. */
export const SLOWED_FOR_MS = 30_000;
export const CLIENTS_MAX = 100;

export class SlowedClients {
  readonly #clients = new Map<string, SlowedClient & { readonly atMs: number }>();

  /** True if the client was not known as one. */
  note(client: SlowedClient, nowMs: number): boolean {
    const known = this.#clients.delete(client.clientId);
    this.#clients.set(client.clientId, { ...client, atMs: nowMs });
    if (this.#clients.size > CLIENTS_MAX)
      for (const oldest of this.#clients.keys()) {
        this.#clients.delete(oldest);
        break;
      }
    return !known;
  }

  /** The last first. */
  now(nowMs: number): SlowedClient[] {
    for (const [clientId, { atMs }] of this.#clients)
      if (nowMs - atMs > SLOWED_FOR_MS) this.#clients.delete(clientId);
    return [...this.#clients.values()].map(({ atMs: _, ...client }) => client).reverse();
  }
}
