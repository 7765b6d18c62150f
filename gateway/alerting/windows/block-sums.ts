// Sums over a sliding window, block by block (pure): a reading changes the newest block and those that
// leave the oldest one, so the values in between are not looked at again. It exists for speed alone: adding
// all values up for every reading pushed what the rest of the engine needs out of the processor's cache.
//
// B1. A block is a sixteenth of the window's length, aligned in time. What a block's values come to
//     depends on them and their order alone, and what the blocks come to on the blocks: the same values
//     give the same bits, however the window came to be.
// B2. Nothing is subtracted: a block that lost a value, or got one in between, is added up again.
//
// Sources: B. P. Welford, "Note on a method for calculating corrected sums of squares and products" (1962),
// within a block; T. F. Chan, G. H. Golub, R. J. LeVeque, "Updating formulae and a pairwise algorithm for
// computing sample variances" (1979), for putting blocks together.
const BLOCKS_PER_WINDOW = 16;
/** A window touches one more, and for a moment one more than that. */
const ROOM = BLOCKS_PER_WINDOW + 4;

/** A block's cells: which it is, its values' number and sum (NaN: to be added up), mean and squares. */
const [ID, COUNT, SUM, MEAN, SQUARES] = [0, 1, 2, 3, 4];
const CELLS = 5;

export class BlockSums {
  readonly #widthMs: number;
  readonly #blocks = new Float64Array(ROOM * CELLS);
  #length = 0;
  /** The total over all blocks; null until asked for, and after every change. */
  #sum: number | null = null;
  #squares: number | null = null;

  /**
   * @param overMs the window's length.
   * @param cells times and values in turn, oldest first: the pairs [start, end) are in the window.
   */
  constructor(overMs: number, cells: Float64Array, start: number, end: number) {
    this.#widthMs = overMs / BLOCKS_PER_WINDOW;
    for (let at = start; at < end; at++) this.append(cells[2 * at]!, cells[2 * at + 1]!);
  }

  /** A value behind all others. */
  append(timeMs: number, value: number): void {
    const id = Math.floor(timeMs / this.#widthMs);
    const last = (this.#length - 1) * CELLS;
    if (this.#length === 0 || this.#blocks[last + ID] !== id) this.#insert(this.#length, id);
    this.#include((this.#length - 1) * CELLS, value);
    this.#sum = this.#squares = null;
  }

  /** A value between others. */
  between(timeMs: number): void {
    const id = Math.floor(timeMs / this.#widthMs);
    let block = 0;
    while (block < this.#length && this.#blocks[block * CELLS + ID]! < id) block += 1;
    if (block === this.#length || this.#blocks[block * CELLS + ID] !== id) this.#insert(block, id);
    this.#blocks[block * CELLS + COUNT]! += 1;
    this.#blocks[block * CELLS + SUM] = Number.NaN; // B2
    this.#sum = this.#squares = null;
  }

  /** The oldest value has left. */
  dropOldest(): void {
    this.#sum = this.#squares = null;
    this.#blocks[COUNT]! -= 1;
    this.#blocks[SUM] = Number.NaN; // B2
    if (this.#blocks[COUNT] !== 0) return;
    this.#blocks.copyWithin(0, CELLS, this.#length * CELLS);
    this.#length -= 1;
  }

  #insert(block: number, id: number): void {
    const at = block * CELLS;
    this.#blocks.copyWithin(at + CELLS, at, this.#length * CELLS);
    this.#blocks.fill(0, at, at + CELLS);
    this.#blocks[at + ID] = id;
    this.#length += 1;
  }

  #include(at: number, value: number): void {
    const blocks = this.#blocks;
    const count = (blocks[at + COUNT]! += 1);
    const distance = value - blocks[at + MEAN]!;
    blocks[at + SUM]! += value;
    blocks[at + MEAN]! += distance / count;
    blocks[at + SQUARES]! += distance * (value - blocks[at + MEAN]!);
  }

  #settle(cells: Float64Array, start: number): void {
    let first = start;
    for (let at = 0; at < this.#length * CELLS; at += CELLS) {
      const count = this.#blocks[at + COUNT]!;
      if (Number.isNaN(this.#blocks[at + SUM])) {
        this.#blocks.fill(0, at + COUNT, at + CELLS);
        for (let pair = first; pair < first + count; pair++)
          this.#include(at, cells[2 * pair + 1]!);
      }
      first += count;
    }
  }

  /** @param cells the window's, which begins at pair `start`. */
  sum(cells: Float64Array, start: number): number {
    if (this.#sum !== null) return this.#sum;
    this.#settle(cells, start);
    let sum = 0;
    for (let at = 0; at < this.#length * CELLS; at += CELLS) sum += this.#blocks[at + SUM]!;
    return (this.#sum = sum);
  }

  /** The sum of the squared distances from the mean. @param cells as of `sum`. */
  squares(cells: Float64Array, start: number): number {
    if (this.#squares !== null) return this.#squares;
    this.#settle(cells, start);
    const blocks = this.#blocks;
    let [count, mean, squares] = [0, 0, 0];
    for (let at = 0; at < this.#length * CELLS; at += CELLS) {
      const more = blocks[at + COUNT]!;
      if (at === 0) {
        [count, mean, squares] = [more, blocks[MEAN]!, blocks[SQUARES]!];
        continue;
      }
      const all = count + more;
      const distance = blocks[at + MEAN]! - mean;
      squares += blocks[at + SQUARES]! + (distance * distance * count * more) / all;
      mean += (distance * more) / all;
      count = all;
    }
    return (this.#squares = squares);
  }
}
