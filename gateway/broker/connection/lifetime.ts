// Tells the handlers of a connection whose session is open, and once how it ended.
//
// L1. `disconnected` follows each `connected` exactly once: the first cause that is known counts.
// L2. A takeover ends the old connection before the new one begins, and one that is told as ended by
//     a takeover is always followed by the `connected` of who took over.
// L3. What a handler throws ends here: no packet is lost to it.
import type { AedesClient } from "../aedes/seam.ts";
import type { ClientIdentity, DisconnectReason } from "../broker.ts";
import type { Core } from "../core.ts";

export class Lifetime {
  readonly #core: Core;
  /** Set while connected. */
  #client: ClientIdentity | null = null;
  #hasWill = false;

  constructor(core: Core) {
    this.#core = core;
  }

  begin(client: ClientIdentity, by: AedesClient): void {
    this.#client = client;
    this.#hasWill = willFollows(by);
    this.#tell(() => this.#core.handlers.connected?.(client));
  }

  end(reason: DisconnectReason): void {
    const client = this.#client;
    if (!client) return;
    this.#client = null; // L1
    this.#tell(() => this.#core.handlers.disconnected?.(client, reason));
  }

  /** The socket closed and nobody had said why. */
  lose(): void {
    this.end(this.#hasWill ? "will" : "connection_lost");
  }

  #tell(handler: () => void): void {
    try {
      handler();
    } catch (error) {
      this.#core.logger?.error({ err: error }, "a handler of connections failed"); // L3
    }
  }
}

/** A will without delay goes out with the connection (MQTT 5, 3.1.3.2.2 and [MQTT-3.1.2-8]). */
function willFollows({ will, version, sessionExpiryInterval }: AedesClient): boolean {
  if (!will) return false;
  const delay = version === 5 ? (will.properties?.willDelayInterval ?? 0) : 0;
  return Math.min(delay, sessionExpiryInterval) <= 0;
}

/** What the handlers hear of a connection that we end, from the reason that it is counted under. */
export function reasonOfClosing(counted: string): DisconnectReason {
  if (counted === "keep_alive") return "keep_alive";
  return counted === "shutting_down" ? "shutdown" : "closed";
}
