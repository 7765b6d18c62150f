// How many values of one sign there are of which magnitude, in bins whose width is a share of the
// magnitude. Pure.
//
// Source: C. Masson, J. E. Rim, H. K. Lee, "DDSketch: A Fast and Fully-Mergeable Quantile Sketch with
// Relative-Error Guarantees", PVLDB 12 (2019), with what has no bin told as zero.
//
// E1. The bins are a function of the values alone: not of their order, nor of what was merged.
// E2. At most BINS_MAX bins, up to that of the greatest magnitude; what is less counts as zero.

/** An estimate is off by at most this share of the value. */
export const QUANTILE_ACCURACY = 0.01;
/** Bins of one sign; magnitudes below the last of them count as zero. */
const BINS_MAX = 2_048;
/** Bins are added this many at once. */
const ROOM = 64;

/** Each bin ends at this many times its beginning. */
const GROWTH = (1 + QUANTILE_ACCURACY) / (1 - QUANTILE_ACCURACY);
const BINS_PER_OCTAVE = 1 / Math.log2(GROWTH);
/** The way from the end of a bin to the magnitude with the least relative error for all in it, in octaves. */
const TO_MIDDLE = Math.log2(2 / (1 + GROWTH));

/** Values below this share of the greatest of their sign may count as zero (E2). */
export const ZERO_SHARE_MAX = GROWTH ** (1 - BINS_MAX);

/** @param magnitude above zero. */
const binOf = (magnitude: number): number => Math.ceil(Math.log2(magnitude) * BINS_PER_OCTAVE);

export class Magnitudes {
  /** Values that are in a bin. */
  count = 0;
  /** Values too small for the bins. */
  zeros = 0;
  #bins: number[] = [];
  /** The number of the first bin, and of the greatest that holds a value. */
  #first = 0;
  #greatest = Number.NEGATIVE_INFINITY;

  add(magnitude: number): void {
    this.#add(binOf(magnitude), 1);
  }

  merge(other: Magnitudes): void {
    this.zeros += other.zeros;
    for (let at = 0; at < other.#bins.length; at++)
      if (other.#bins[at]! > 0) this.#add(other.#first + at, other.#bins[at]!);
  }

  /** Counts as zeros what E2 leaves out: to be called before ranks are asked for. */
  settle(): void {
    const least = this.#greatest - BINS_MAX;
    for (let at = 0; at < this.#bins.length && this.#first + at <= least; at++) this.#drop(at);
  }

  /**
   * The bins that hold a value, as text: for each the way from the one before, and the values in it unless there is
   * one, and behind `+` what counts as zero. Nothing for nothing. To be called once it is settled.
   */
  get text(): string {
    const parts: string[] = [];
    let before = 0;
    this.#bins.forEach((values, at) => {
      if (values === 0) return;
      const bin = this.#first + at;
      parts.push(`${bin - before}${values === 1 ? "" : `:${values}`}`);
      before = bin;
    });
    return parts.join(";") + (this.zeros === 0 ? "" : `+${this.zeros}`);
  }

  /** @returns false for anything but a `text`. */
  addText(text: string): boolean {
    const [bins = "", zeros = "0", ...more] = text.split("+");
    this.zeros += Number(zeros);
    let isText = more.length === 0 && isCount(zeros);
    let bin = 0;
    for (const part of bins === "" ? [] : bins.split(";")) {
      const [step = "", values = "1"] = part.split(":");
      isText &&= /^-?\d+$/.test(step) && isCount(values);
      if (!isText) break;
      this.#add((bin += Number(step)), Number(values));
    }
    return isText;
  }

  /** The magnitude of a rank, in rising order from 0. @param rank less than the count. */
  rising(rank: number): number {
    let at = 0;
    for (let through = this.#bins[0]!; through <= rank; through += this.#bins[at]!) at += 1;
    return this.#magnitude(at);
  }

  /** The magnitude of a rank, in falling order from 0. @param rank less than the count. */
  falling(rank: number): number {
    return this.rising(this.count - 1 - rank);
  }

  #magnitude(at: number): number {
    return 2 ** ((this.#first + at) / BINS_PER_OCTAVE + TO_MIDDLE);
  }

  #add(bin: number, values: number): void {
    if (bin > this.#greatest) this.#greatest = bin;
    let at = bin - this.#first;
    if (at < 0 || at >= this.#bins.length) {
      if (bin <= this.#greatest - BINS_MAX) return void (this.zeros += values); // E2
      this.#makeRoom(bin);
      at = bin - this.#first;
    }
    this.#bins[at]! += values;
    this.count += values;
  }

  /** Bins from the least one to the greatest, and some beside them. */
  #makeRoom(bin: number): void {
    const bins = this.#bins;
    const least = bins.length === 0 ? bin : Math.min(bin, this.#first);
    const first = Math.max(least, this.#greatest - BINS_MAX + 1);
    const from = Math.floor(first / ROOM) * ROOM;
    const to = (Math.floor(this.#greatest / ROOM) + 1) * ROOM;
    for (let at = 0; at < bins.length && this.#first + at < from; at++) this.#drop(at);
    const grown = new Array<number>(to - from).fill(0);
    for (let at = Math.max(0, from - this.#first); at < bins.length; at++)
      grown[this.#first + at - from] = bins[at]!;
    this.#bins = grown;
    this.#first = from;
  }

  #drop(at: number): void {
    const values = this.#bins[at]!;
    this.#bins[at] = 0;
    this.count -= values;
    this.zeros += values;
  }
}

const isCount = (text: string): boolean => /^\d+$/.test(text);
