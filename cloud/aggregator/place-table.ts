// Which reading has which place of a minute: a hash table in one array of numbers, so that a reading costs no object
// of its own. The engine's Map keeps two numbers of this size on the heap for each reading. Pure.
//
// T1. Open addressing with linear probing (Knuth, The Art of Computer Programming, volume 3, 6.4), at most half full.

const ENTRIES_MIN = 8;
/** Numbers of an entry: its key, and the identity of the reading that has it. */
const WIDTH = 2;
/** The key of an entry that is free. Keys are whole; a fraction makes the array one of plain floating-point numbers. */
const FREE = 0.5;

export class PlaceTable {
  #entries = freeEntries(ENTRIES_MIN);
  #mask = ENTRIES_MIN - 1;
  #size = 0;

  /**
   * Gives a place to a reading if it is free.
   * @param key of the place: whole, and not negative.
   * @returns the identity of the reading that has it already, or undefined if it was free.
   */
  claim(key: number, identity: number): number | undefined {
    const entries = this.#entries;
    const at = entryOf(entries, this.#mask, key);
    if (entries[at] === key) return entries[at + 1]!;
    entries[at] = key;
    entries[at + 1] = identity;
    this.#size += 1;
    if (this.#size * 2 > this.#mask) this.#grow(); // T1
    return undefined;
  }

  #grow(): void {
    const before = this.#entries;
    const entries = freeEntries(before.length);
    this.#mask = before.length - 1;
    for (let from = 0; from < before.length; from += WIDTH) {
      const key = before[from]!;
      if (key === FREE) continue;
      const at = entryOf(entries, this.#mask, key);
      entries[at] = key;
      entries[at + 1] = before[from + 1]!;
    }
    this.#entries = entries;
  }
}

const freeEntries = (entries: number): number[] => new Array<number>(entries * WIDTH).fill(FREE);

/** The place in the array of the entry of a key, or of the free one that it would get. */
function entryOf(entries: readonly number[], mask: number, key: number): number {
  let entry = hashOf(key) & mask;
  for (;;) {
    const there = entries[entry * WIDTH];
    if (there === key || there === FREE) return entry * WIDTH;
    entry = (entry + 1) & mask;
  }
}

/** Source: the finalizer of MurmurHash3, over both halves. */
function hashOf(key: number): number {
  let h = (key >>> 0) ^ Math.imul(Math.floor(key / 2 ** 32), 0x9e3779b1);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
