// Who is where under the milliseconds of one series and minute. Pure.
//
// S1. A reading that is there already, by its identity, is a repeat: it gets no second place.
// S2. No two readings of a device share a place. One whose place is taken moves on, by steps of its own, to
//     the first that is free; so places are a function of the readings and of their order in the log.
// S3. A step has no divisor in common with the number of slots, so it reaches every one of them. A
//     reading that finds none within TRIES_MAX has no place: its millisecond is nearly full.
import { slotOf } from "../../contracts/messages/identity.ts";
import { SLOTS_PER_MS } from "../../contracts/messages/reading.ts";
import { PlaceTable } from "./place-table.ts";

/** Half full, a millisecond still gives every reading a place: one in 2^64 would find none. */
const TRIES_MAX = 64;

export const REPEATED = -1;
export const NO_PLACE = -2;
/** Not known here: the bound on what is open is reached. */
export const NO_ROOM = -3;

export class Places {
  readonly #startMs: number;
  /** Nearly every series is of one device. */
  #device: string | null = null;
  #taken: PlaceTable | null = null;
  #others: Map<string, PlaceTable> | null = null;
  size = 0;

  /** @param startMs of the minute. */
  constructor(startMs: number) {
    this.#startMs = startMs;
  }

  /**
   * @param identity as of `identityOf`. @param ordinal of the reading in its lane.
   * @returns the slot of a reading that is new here, else REPEATED or NO_PLACE.
   */
  take(device: string, eventMs: number, identity: number, ordinal: number): number {
    const taken = this.#of(device);
    const base = (eventMs - this.#startMs) * SLOTS_PER_MS;
    let slot = slotOf(identity, ordinal);
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const there = taken.claim(base + slot, identity);
      if (there === undefined) {
        this.size += 1;
        return slot;
      }
      if (there === identity) return REPEATED; // S1
      slot = (slot + stepOf(identity, ordinal)) % SLOTS_PER_MS; // S2
    }
    return NO_PLACE;
  }

  #of(device: string): PlaceTable {
    if (device === this.#device) return this.#taken!;
    if (this.#device === null) {
      this.#device = device;
      return (this.#taken = new PlaceTable());
    }
    this.#others ??= new Map();
    let taken = this.#others.get(device);
    if (!taken) this.#others.set(device, (taken = new PlaceTable()));
    return taken;
  }
}

/** S3: it ends in 1, and a million is made of twos and fives. */
function stepOf(identity: number, ordinal: number): number {
  const mixed = Number.isNaN(identity) ? Math.imul(ordinal, 0x9e3779b1) >>> 0 : identity / 2 ** 20;
  return (Math.floor(mixed) % (SLOTS_PER_MS / 10)) * 10 + 1;
}
