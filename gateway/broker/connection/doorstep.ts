// Sockets that are not let in yet, by the address that they came from (pure): silent ones, and those that
// have sent their CONNECT and wait for its answer.
//
// V1. An address has at most its bound of them, all together theirs. Past it the one that has been silent
//     longest is closed, of the address itself or of the address that has most: who says CONNECT at once
//     is let in beside any number of sockets that say nothing.
// V2. One that has said CONNECT is never closed for another one.
import type { Limits } from "../options.ts";

/** A socket; its key tells it from all others that are open. */
export interface Arrival {
  readonly place: string;
  readonly key: string;
}

interface Closable {
  destroy(): unknown;
}

interface Place {
  /** Sockets that have said nothing, in the order in which they came. */
  readonly silent: Map<string, Closable>;
  readonly asking: Map<string, Closable>;
}

export interface DoorstepParts {
  readonly limits: Pick<Limits, "addressOpeningMax" | "openingMax">;
  /** Told of each socket that is closed, or not taken. */
  readonly turnedAway: (reason: "address_opening" | "opening") => void;
}

export class Doorstep {
  readonly #parts: DoorstepParts;
  readonly #places = new Map<string, Place>();
  /** Sockets that are here; who is let in leaves nothing behind. */
  readonly #arrivals = new Map<Closable, Arrival>();

  constructor(parts: DoorstepParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#arrivals.size;
  }

  /** A socket is open; false if there is no room for it, and it must be closed. */
  enter(arrival: Arrival, socket: Closable): boolean {
    const { place, key } = arrival;
    const { addressOpeningMax, openingMax } = this.#parts.limits;
    const own = this.#places.get(place);
    const ownMax = Math.min(addressOpeningMax, Math.ceil(openingMax / 2));
    if (own && sizeOf(own) >= ownMax && !this.#turnAway(own, "address_opening")) return false;
    if (this.size >= openingMax) {
      if (!this.#turnAway(this.#mostCrowded(), "opening")) return false;
    }
    const at = this.#places.get(place) ?? {
      silent: new Map<string, Closable>(),
      asking: new Map(),
    };
    this.#places.set(place, at);
    at.silent.set(key, socket);
    this.#arrivals.set(socket, arrival);
    return true;
  }

  /** It has sent its CONNECT. */
  asked({ place, key }: Arrival): void {
    const at = this.#places.get(place);
    const socket = at?.silent.get(key);
    if (!socket) return;
    at!.silent.delete(key);
    at!.asking.set(key, socket);
  }

  /** It is let in. */
  passed({ place, key }: Arrival): void {
    const at = this.#places.get(place);
    const socket = at?.silent.get(key) ?? at?.asking.get(key);
    if (socket) this.leave(socket);
  }

  /** The socket is closed, if it is still here. */
  leave(socket: Closable): void {
    const arrival = this.#arrivals.get(socket);
    if (!arrival) return;
    const { place, key } = arrival;
    const at = this.#places.get(place)!;
    this.#arrivals.delete(socket);
    at.silent.delete(key);
    at.asking.delete(key);
    if (sizeOf(at) === 0) this.#places.delete(place);
  }

  /** V1. False if none of them is silent (V2). */
  #turnAway(at: Place, reason: "address_opening" | "opening"): boolean {
    const [oldest] = at.silent;
    this.#parts.turnedAway(reason);
    if (!oldest) return false;
    const [, socket] = oldest;
    this.leave(socket);
    socket.destroy();
    return true;
  }

  #mostCrowded(): Place {
    let most: Place | undefined;
    for (const one of this.#places.values()) if (!most || sizeOf(one) > sizeOf(most)) most = one;
    return most!;
  }
}

const sizeOf = ({ silent, asking }: Place): number => silent.size + asking.size;
