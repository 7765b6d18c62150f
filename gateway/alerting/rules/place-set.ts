// A set of small whole numbers, the places of rules in a list (pure). A bit each: adding one twice costs
// nothing, and they come out in their order, by which alerts of one reading are raised.

export class PlaceSet {
  readonly #words: Int32Array;
  readonly #taken: Int32Array;

  /** @param size above every place. */
  constructor(size: number) {
    this.#words = new Int32Array((size + 31) >>> 5);
    this.#taken = new Int32Array(size);
  }

  add(place: number): void {
    this.#words[place >>> 5]! |= 1 << (place & 31);
  }

  addAll(places: Int32Array): void {
    for (let at = 0; at < places.length; at++) this.add(places[at]!);
  }

  has(place: number): boolean {
    return (this.#words[place >>> 5]! & (1 << (place & 31))) !== 0;
  }

  clear(): void {
    this.#words.fill(0);
  }

  /** Its places in their order, until the next call; the set is empty then. */
  take(): Int32Array {
    const words = this.#words;
    const taken = this.#taken;
    let count = 0;
    for (let at = 0; at < words.length; at++) {
      let word = words[at]!;
      if (word === 0) continue;
      words[at] = 0;
      for (; word !== 0; word &= word - 1)
        taken[count++] = (at << 5) + 31 - Math.clz32(word & -word);
    }
    return taken.subarray(0, count);
  }
}
