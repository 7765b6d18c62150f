// Holders: who a client counts as where many share one gateway, and what each holder has of it (pure).
//
// J1. A client that is logged in counts as its record, whatever client ids it uses; one that is anonymous
//     as its address, because it chooses its ids itself.
// J2. Nobody has more than half of what all have together: one holder alone never fills what is shared.
// J3. A holder is forgotten once it has nothing, so that their number is bounded by what they have.
import { placeOf } from "../../identity/remote-address.ts";
import type { Limits } from "../options.ts";

/** The most that one holder has. */
export interface Share {
  readonly connectionsMax: number;
  readonly sessionsMax: number;
  readonly subscriptionsMax: number;
  /** Each message with what it takes besides its payload. */
  readonly queuedBytesMax: number;
  readonly retainedMax: number;
  /** The same of topics that are not ours: how many, and their bytes. */
  readonly relayRetainedMax: number;
  readonly relayRetainedBytesMax: number;
  /** Its rates are so many times those of a device. */
  readonly rates: number;
}

/** A session whose client has left. */
interface Absent {
  readonly clientId: string;
  readonly holder: Holder;
}

const NONE: ReadonlySet<Absent> = new Set();

export class Holder {
  /** `record:boiler-7` or `address:192.0.2.7`. */
  readonly key: string;
  readonly share: Share;
  connections = 0;
  /** All of them, with and without a connection. */
  sessions = 0;
  subscriptions = 0;
  /** Messages that wait in its sessions, and their payloads; no object of their own, since there are many holders. */
  messages = 0;
  bytes = 0;
  /** Topics of ours with a message of its own. */
  retained = 0;
  /** Other topics, and their bytes. */
  relayRetained = 0;
  relayRetainedBytes = 0;
  /** Null without any: most holders have none, and an empty set takes 190 bytes. */
  #away: Set<Absent> | null = null;

  constructor(key: string, share: Share) {
    this.key = key;
    this.share = share;
  }

  /** Sessions whose client is absent, in the order in which they left. */
  get away(): ReadonlySet<Absent> {
    return this.#away ?? NONE;
  }

  get queued(): { messages: number; bytes: number } {
    return this;
  }

  get isAddress(): boolean {
    return this.key.startsWith("address:");
  }

  left(session: Absent): void {
    (this.#away ??= new Set()).add(session);
  }

  cameBack(session: Absent): void {
    this.#away?.delete(session);
    if (this.#away?.size === 0) this.#away = null;
  }

  get isIdle(): boolean {
    return this.connections + this.sessions + this.retained + this.relayRetained === 0;
  }
}

/** The holder of a connection that is not let in yet. */
export const NOBODY = new Holder("nobody", {
  connectionsMax: 0,
  sessionsMax: 0,
  subscriptionsMax: 0,
  queuedBytesMax: 0,
  retainedMax: 0,
  relayRetainedMax: 0,
  relayRetainedBytesMax: 0,
  rates: 1,
});

export class Holders {
  readonly #device: Share;
  readonly #address: Share;
  readonly #byKey = new Map<string, Holder>();
  /** Those with sessions of absent clients, by how many. */
  readonly #byAway: (Set<Holder> | undefined)[] = [];
  #away = 0;

  constructor(limits: Limits) {
    [this.#device, this.#address] = sharesOf(limits);
  }

  get size(): number {
    return this.#byKey.size;
  }

  /** Sessions of absent clients, over all holders. */
  get away(): number {
    return this.#away;
  }

  of(key: string): Holder {
    let holder = this.#byKey.get(key);
    if (!holder) {
      holder = new Holder(key, key.startsWith("address:") ? this.#address : this.#device);
      this.#byKey.set(key, holder);
    }
    return holder;
  }

  /** The client of a session has left. */
  park(session: Absent): void {
    const { holder } = session;
    if (holder.away.has(session)) return;
    this.#rank(holder, () => holder.left(session));
    this.#away++;
  }

  /** It is back, or its session is over. */
  unpark(session: Absent): void {
    const { holder } = session;
    if (!holder.away.has(session)) return;
    this.#rank(holder, () => holder.cameBack(session));
    this.#away--;
  }

  /** A holder with the most sessions of absent clients. */
  mostAway(): Holder | undefined {
    const [most] = this.#byAway.at(-1) ?? [];
    return most;
  }

  /** J3. */
  prune(): void {
    for (const [key, holder] of this.#byKey) if (holder.isIdle) this.#byKey.delete(key);
  }

  #rank(holder: Holder, change: () => void): void {
    this.#byAway[holder.away.size]?.delete(holder);
    change();
    (this.#byAway[holder.away.size] ??= new Set()).add(holder);
    while (this.#byAway.length > 0 && !this.#byAway.at(-1)?.size) this.#byAway.pop();
  }
}

/** The holder of a client (J1). */
export const holderKeyOf = (client: { principal: string | undefined; remoteAddress: string }) =>
  client.principal === undefined
    ? `address:${placeOf(client.remoteAddress)}`
    : recordKey(client.principal);

/** The holder of a record, or of a client that nothing but its id is known of. */
export const recordKey = (id: string): string => `record:${id}`;

/** The shares of a device and of the address of anonymous clients (J2). */
function sharesOf(limits: Limits): [device: Share, address: Share] {
  const half = (all: number): number => Math.ceil(all / 2);
  const share = (many: number, connectionsMax: number, rates: number): Share => ({
    connectionsMax: Math.min(connectionsMax, half(limits.connectionsMax)),
    sessionsMax: Math.min(many * limits.deviceSessionsMax, half(limits.pendingSessionsMax)),
    subscriptionsMax: many * limits.deviceSubscriptionsMax,
    queuedBytesMax: Math.min(many * limits.deviceQueuedBytesMax, half(limits.queuedBytesOfAllMax)),
    retainedMax: Math.min(many * limits.deviceRetainedMax, half(limits.retainedMessagesMax)),
    relayRetainedMax: Math.min(many * limits.deviceRelayRetainedMax, half(limits.relayRetainedMax)),
    relayRetainedBytesMax: Math.min(
      many * limits.deviceRelayRetainedBytesMax,
      half(limits.relayRetainedBytesMax),
    ),
    rates,
  });
  return [
    share(1, limits.deviceConnectionsMax, 1),
    share(limits.addressShares, limits.addressConnectionsMax, limits.addressRates),
  ];
}
