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
  readonly asking: Set<string>;
}

export interface DoorstepParts {
  readonly limits: Pick<Limits, "addressOpeningMax" | "openingMax">;
  /** Told of each socket that is closed, or not taken. */
  readonly turnedAway: (reason: "address_opening" | "opening") => void;
}

export class Doorstep {
  readonly #parts: DoorstepParts;
  readonly #places = new Map<string, Place>();
  #size = 0;

  constructor(parts: DoorstepParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#size;
  }

  /** A socket is open; false if there is no room for it, and it must be closed. */
  enter({ place, key }: Arrival, socket: Closable): boolean {
    const { addressOpeningMax, openingMax } = this.#parts.limits;
    const own = this.#places.get(place);
    const ownMax = Math.min(addressOpeningMax, Math.ceil(openingMax / 2));
    if (own && sizeOf(own) >= ownMax && !this.#turnAway(place, own, "address_opening"))
      return false;
    if (this.#size >= openingMax) {
      const [most, crowd] = this.#mostCrowded();
      if (!this.#turnAway(most, crowd, "opening")) return false;
    }
    const at = this.#places.get(place) ?? {
      silent: new Map<string, Closable>(),
      asking: new Set(),
    };
    this.#places.set(place, at);
    at.silent.set(key, socket);
    this.#size++;
    return true;
  }

  /** It has sent its CONNECT. */
  asked({ place, key }: Arrival): void {
    const at = this.#places.get(place);
    if (at?.silent.delete(key)) at.asking.add(key);
  }

  /** It is let in, or closed. */
  passed({ place, key }: Arrival): void {
    const at = this.#places.get(place);
    if (!at || !(at.silent.delete(key) || at.asking.delete(key))) return;
    this.#size--;
    if (sizeOf(at) === 0) this.#places.delete(place);
  }

  /** V1. False if none of them is silent (V2). */
  #turnAway(place: string, at: Place, reason: "address_opening" | "opening"): boolean {
    const [oldest] = at.silent;
    this.#parts.turnedAway(reason);
    if (!oldest) return false;
    const [key, socket] = oldest;
    this.passed({ place, key });
    socket.destroy();
    return true;
  }

  #mostCrowded(): [place: string, at: Place] {
    let most: [string, Place] | undefined;
    for (const one of this.#places) if (!most || sizeOf(one[1]) > sizeOf(most[1])) most = one;
    return most!;
  }
}

const sizeOf = ({ silent, asking }: Place): number => silent.size + asking.size;
