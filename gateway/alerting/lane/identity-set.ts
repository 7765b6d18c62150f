// A set of identities (pure): what a Set of numbers is, for numbers that are no small integers. A Set keeps
// each of those as an object of its own, and finding it took a fifth of what a lane does with a reading.
//
// O1. Open addressing with linear probing (Knuth, The Art of Computer Programming 3, 6.4, algorithm L), at most
//     half full. An empty place is NaN, which no identity in a set is. Identities are mixed already, so their
//     bits are where they are looked for.
import type { NumberWriter } from "../windows/number-tape.ts";

const SIZE_LEAST = 8;

const DOUBLE = new Float64Array(1);
const WORDS = new Uint32Array(DOUBLE.buffer);

const emptyTable = (size: number): Float64Array => new Float64Array(size).fill(Number.NaN);

export class IdentitySet {
  #table = emptyTable(SIZE_LEAST);
  size = 0;

  has(identity: number): boolean {
    return this.#table[this.#placeOf(identity)] === identity;
  }

  /** False if it is there already. */
  add(identity: number): boolean {
    const place = this.#placeOf(identity);
    if (this.#table[place] === identity) return false;
    this.#table[place] = identity;
    this.size += 1;
    if (2 * this.size > this.#table.length) this.#grow();
    return true;
  }

  /** Writes each of them, in no order. */
  write(writer: Pick<NumberWriter, "pushPresent">): void {
    writer.pushPresent(this.#table);
  }

  /** The place where it is, or would be. */
  #placeOf(identity: number): number {
    const table = this.#table;
    const mask = table.length - 1;
    DOUBLE[0] = identity;
    let place = (WORDS[0]! ^ Math.imul(WORDS[1]!, 0x9e3779b1)) & mask;
    for (;;) {
      const there = table[place]!;
      if (there === identity || Number.isNaN(there)) return place;
      place = (place + 1) & mask;
    }
  }

  #grow(): void {
    const before = this.#table;
    this.#table = emptyTable(2 * before.length);
    for (const identity of before)
      if (!Number.isNaN(identity)) this.#table[this.#placeOf(identity)] = identity;
  }

  static of(identities: Iterable<number>): IdentitySet {
    const set = new IdentitySet();
    for (const identity of identities) set.add(identity);
    return set;
  }
}
