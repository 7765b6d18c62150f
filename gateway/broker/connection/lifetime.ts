// Tells the handlers of a connection whose session is open, and once how it ended.
//
// L1. `disconnected` follows each `connected` exactly once: the first cause that is known counts.
// L2. A takeover ends the old connection before the new one begins, and one that is told as ended by
//     a takeover is always followed by the `connected` of who took over.
// L3. What a handler throws ends here: no packet is lost to it.
import type { Logger } from "../../../platform/runtime/logger.ts";
import type { BrokerHandlers, ClientIdentity, DisconnectReason } from "../broker.ts";
import type { ConnectTerms } from "../protocol/connect-terms.ts";

export interface LifetimeParts {
  readonly handlers: Pick<BrokerHandlers, "connected" | "disconnected" | "refused">;
  readonly logger: Logger | undefined;
}

export class Lifetime {
  readonly #parts: LifetimeParts;
  /** Set while connected. */
  #client: ClientIdentity | null = null;
  #hasWill = false;

  constructor(parts: LifetimeParts) {
    this.#parts = parts;
  }

  begin(client: ClientIdentity, terms: ConnectTerms): void {
    this.#client = client;
    this.#hasWill = willFollows(terms, client.protocolVersion);
    this.#tell(() => this.#parts.handlers.connected?.(client));
  }

  /** The connection ends without a session. */
  refuse(client: ClientIdentity, reason: string, detail = ""): void {
    this.#tell(() => this.#parts.handlers.refused?.(client, reason, detail));
  }

  end(reason: DisconnectReason, detail = ""): void {
    const client = this.#client;
    if (!client) return;
    this.#client = null; // L1
    this.#tell(() => this.#parts.handlers.disconnected?.(client, reason, detail));
  }

  /** The socket closed and nobody had said why. */
  lose(): void {
    this.end(this.#hasWill ? "will" : "connection_lost");
  }

  #tell(handler: () => void): void {
    try {
      handler();
    } catch (error) {
      this.#parts.logger?.error({ err: error }, "a handler of connections failed"); // L3
    }
  }
}

/** A will without delay goes out with the connection (MQTT 5, 3.1.3.2.2 and [MQTT-3.1.2-8]). */
function willFollows({ will, expirySeconds }: ConnectTerms, protocolVersion: number): boolean {
  if (!will) return false;
  const delay = protocolVersion === 5 ? (will.properties?.willDelayInterval ?? 0) : 0;
  return Math.min(delay, expirySeconds) <= 0;
}

/** The end that handlers hear of when we close a connection, by the reason that is counted. */
export function reasonOfClosing(counted: string): DisconnectReason {
  if (counted === "keep_alive") return "keep_alive";
  return counted === "shutting_down" ? "shutdown" : "closed";
}
