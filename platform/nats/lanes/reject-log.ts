import type { Reject } from "../../../contracts/messages/reject.ts";
import { rejectSubject } from "../../../contracts/names/subjects.ts";
import { sleep } from "../../runtime/backoff.ts";
import type { NatsConnection } from "../client/connection.ts";
import { type Publisher, publishUntilStored, publisherOn } from "../client/publish.ts";

export interface RejectOwner {
  /** The domain whose stream it is: a region, or `hub` for what is refused in the cloud. */
  readonly domain: string;
  readonly idPrefix: string;
  /**
   * True of a contract that is published: its name is a part of the subject. Invented names are not, because rejects
   * are bounded by subject (reject-room.ts).
   */
  readonly isKnown: (contract: string) => boolean;
}

/** Stores rejects one by one, each under its own id, and tries until it is stored. */
export class RejectLog {
  readonly #publisher: Publisher;
  readonly #owner: RejectOwner;
  #n = 0;
  #stored = 0;
  #storedBytes = 0;
  /** Told once so many bytes are stored. */
  #awaited: { readonly bytes: number; readonly tell: () => void } | null = null;

  constructor(connection: NatsConnection, owner: RejectOwner) {
    this.#publisher = publisherOn(connection);
    this.#owner = owner;
  }

  /** Rejects stored since the start. */
  get stored(): number {
    return this.#stored;
  }

  /** Bytes of those, about. */
  get storedBytes(): number {
    return this.#storedBytes;
  }

  /** Resolves when so many bytes are stored since the start, after `withinMs`, or when `signal` aborts. One may wait. */
  async grown(bytes: number, withinMs: number, signal: AbortSignal): Promise<void> {
    if (this.#storedBytes >= bytes) return;
    const enough = new AbortController();
    this.#awaited = { bytes, tell: () => enough.abort() };
    await sleep(withinMs, AbortSignal.any([signal, enough.signal]));
    this.#awaited = null;
  }

  /**
   * Resolves once the reject is stored; rejects only if `signal` aborts first.
   * @param knownId for what may be stored twice, also by another process: an id of its own.
   */
  async append(reject: Reject, signal: AbortSignal, knownId?: string): Promise<void> {
    const { domain, idPrefix, isKnown } = this.#owner;
    const { contract: named, ...of } = reject;
    const contract = named !== null && isKnown(named) ? named : null;
    const subject = rejectSubject({ region: domain, ...of, contract });
    const data = Buffer.from(JSON.stringify(reject));
    const messageId = knownId ?? `${idPrefix}:reject:${(this.#n += 1)}`;
    await publishUntilStored(this.#publisher, { subject, data, messageId }, signal);
    this.#stored += 1;
    this.#storedBytes += subject.length + data.length;
    if (this.#awaited && this.#storedBytes >= this.#awaited.bytes) this.#awaited.tell();
  }
}
