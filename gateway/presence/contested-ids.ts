// Client ids that clients take from each other all the time (pure): two devices with one id, which each
// see nothing but a connection that breaks.
//
// X1. A contest begins with more than TAKEOVERS_PER_MINUTE takeovers of one id in a minute, and is over
//     once there were QUIET_MS without that.

/** A device that reconnects over a bad link takes over from itself, but not this often. */
export const TAKEOVERS_PER_MINUTE = 10;
const MINUTE_MS = 60_000;
const QUIET_MS = 2 * MINUTE_MS;
/** Client ids remembered; past it those whose last takeover is longest ago are forgotten. */
const IDS_MAX = 10_000;
const ADDRESSES_MAX = 8;

export interface Contest {
  readonly clientId: string;
  /** Takeovers in the last minute. */
  readonly takeovers: number;
  readonly addresses: readonly string[];
}

interface Seen {
  /** Times of the last takeovers, at most one more than the bound; ms. */
  times: number[];
  /** Takeovers of this minute and of the one before, for people. */
  minute: number;
  count: number;
  before: number;
  /** Those who had it or took it, the latest last. */
  readonly addresses: Set<string>;
  /** Time of the last takeover that made it a contest (X1), or null while there was none. */
  contestedMs: number | null;
}

export class ContestedIds {
  readonly #seen = new Map<string, Seen>();
  /** Takeovers since the start. */
  takeovers = 0;

  /** A client was disconnected because another with its id connected. */
  takenOver(client: { clientId: string; remoteAddress: string }, nowMs: number): void {
    this.takeovers += 1;
    const { clientId, remoteAddress } = client;
    const seen = this.#seen.get(clientId) ?? newSeen(nowMs);
    this.#seen.delete(clientId);
    this.#seen.set(clientId, seen);
    if (this.#seen.size > IDS_MAX) this.#seen.delete(this.#seen.keys().next().value!);
    roll(seen, nowMs);
    seen.count += 1;
    seen.times.push(nowMs);
    if (seen.times.length > TAKEOVERS_PER_MINUTE + 1) seen.times.shift();
    seen.addresses.delete(remoteAddress);
    seen.addresses.add(remoteAddress);
    if (seen.addresses.size > ADDRESSES_MAX)
      seen.addresses.delete(seen.addresses.values().next().value!);
    const [first = nowMs] = seen.times;
    if (seen.times.length > TAKEOVERS_PER_MINUTE && nowMs - first < MINUTE_MS)
      seen.contestedMs = nowMs; // X1
  }

  /** The contests of now; forgets ids that are quiet. */
  contests(nowMs: number): Contest[] {
    const found: Contest[] = [];
    for (const [clientId, seen] of this.#seen) {
      const isContested = seen.contestedMs !== null && nowMs - seen.contestedMs < QUIET_MS;
      if (isContested) {
        roll(seen, nowMs);
        const takeovers = Math.max(seen.count, seen.before);
        found.push({ clientId, takeovers, addresses: [...seen.addresses] });
      } else if (nowMs - (seen.times.at(-1) ?? 0) >= MINUTE_MS) this.#seen.delete(clientId);
    }
    return found;
  }
}

const newSeen = (nowMs: number): Seen => ({
  times: [],
  minute: Math.floor(nowMs / MINUTE_MS),
  count: 0,
  before: 0,
  addresses: new Set(),
  contestedMs: null,
});

function roll(seen: Seen, nowMs: number): void {
  const minute = Math.floor(nowMs / MINUTE_MS);
  if (minute === seen.minute) return;
  seen.before = minute === seen.minute + 1 ? seen.count : 0;
  seen.count = 0;
  seen.minute = minute;
}
