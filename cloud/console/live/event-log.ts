// The last events at the doors of all gateways: connections refused and lost, rejects, slow clients.
//
// E1. At most EVENTS_MAX are kept; the oldest go first.
import type { EventsDigest, LiveEvent } from "../../../contracts/messages/live.ts";

const EVENTS_MAX = 2_000;

export interface KnownEvent extends LiveEvent {
  readonly region: string;
  readonly gateway: string;
}

export interface EventQuery {
  readonly kind?: string;
  readonly device?: string;
  readonly region?: string;
  readonly limit: number;
}

export class EventLog {
  readonly #events: KnownEvent[] = [];
  /** Events that were only counted, by region, kind and reason. */
  readonly #more = new Map<string, number>();

  /** @returns the events as they are known from now on. */
  take(region: string, { gateway, events, more }: EventsDigest): KnownEvent[] {
    const news = events.map((event) => ({ ...event, region, gateway }));
    this.#events.push(...news);
    if (this.#events.length > EVENTS_MAX) this.#events.splice(0, this.#events.length - EVENTS_MAX); // E1
    for (const [what, count] of Object.entries(more)) {
      const key = `${region}/${what}`;
      this.#more.set(key, (this.#more.get(key) ?? 0) + count);
    }
    return news;
  }

  /** Newest first. */
  find({ kind, device, region, limit }: EventQuery): KnownEvent[] {
    const found: KnownEvent[] = [];
    for (let at = this.#events.length - 1; at >= 0 && found.length < limit; at--) {
      const event = this.#events[at]!;
      if (kind !== undefined && event.kind !== kind) continue;
      if (device !== undefined && event.device !== device && event.clientId !== device) continue;
      if (region !== undefined && event.region !== region) continue;
      found.push(event);
    }
    return found;
  }

  /** Events beyond what a gateway tells of in a second, since the console started. */
  get counted(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#more);
  }
}
