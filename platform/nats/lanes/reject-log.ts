import type { Reject } from "../../../contracts/messages/reject.ts";
import { rejectSubject } from "../../../contracts/names/subjects.ts";
import type { NatsConnection } from "../client/connection.ts";
import { type Publisher, publishUntilStored, publisherOn } from "../client/publish.ts";

/** Stores rejects one by one, each under its own id, and tries until it is stored. */
export class RejectLog {
  readonly #publisher: Publisher;
  readonly #region: string;
  readonly #idPrefix: string;
  #n = 0;
  #stored = 0;

  /** @param region whose stream it is; {@link HUB} for what is refused in the cloud. */
  constructor(connection: NatsConnection, region: string, idPrefix: string) {
    this.#publisher = publisherOn(connection);
    this.#region = region;
    this.#idPrefix = idPrefix;
  }

  /** Rejects stored since the start. */
  get stored(): number {
    return this.#stored;
  }

  /**
   * Resolves once the reject is stored; rejects only if `signal` aborts first.
   * @param knownId for what may be stored twice, also by another process: an id of its own.
   */
  async append(reject: Reject, signal: AbortSignal, knownId?: string): Promise<void> {
    const subject = rejectSubject({ region: this.#region, ...reject });
    const data = Buffer.from(JSON.stringify(reject));
    const messageId = knownId ?? `${this.#idPrefix}:reject:${(this.#n += 1)}`;
    await publishUntilStored(this.#publisher, { subject, data, messageId }, signal);
    this.#stored += 1;
  }
}
