/**
 * A set of whole numbers kept as runs: a device that counts up by one costs one run, however many
 * readings it sends.
 */
export class NumberRuns {
  readonly #from: number[] = [];
  readonly #to: number[] = [];

  /** Runs kept: what the set costs. */
  get size(): number {
    return this.#from.length;
  }

  /** Adds `value`; false if it was there. */
  add(value: number): boolean {
    const from = this.#from;
    const to = this.#to;
    const end = from.length - 1;
    if (end >= 0 && value === to[end]! + 1) {
      to[end] = value;
      return true;
    }
    const at = this.#firstRunEndingFrom(value);
    if (at <= end && from[at]! <= value) return false;
    const touchesBefore = at > 0 && to[at - 1] === value - 1;
    const touchesAfter = at <= end && from[at] === value + 1;
    if (touchesBefore && touchesAfter) {
      to[at - 1] = to[at]!;
      from.splice(at, 1);
      to.splice(at, 1);
    } else if (touchesBefore) to[at - 1] = value;
    else if (touchesAfter) from[at] = value;
    else {
      from.splice(at, 0, value);
      to.splice(at, 0, value);
    }
    return true;
  }

  has(value: number): boolean {
    const at = this.#firstRunEndingFrom(value);
    return at < this.#from.length && this.#from[at]! <= value;
  }

  toJSON(): [from: number[], to: number[]] {
    return [[...this.#from], [...this.#to]];
  }

  static from([from, to]: readonly [readonly number[], readonly number[]]): NumberRuns {
    const runs = new NumberRuns();
    // Not spread into one call: there may be more runs than a call takes arguments.
    for (const value of from) runs.#from.push(value);
    for (const value of to) runs.#to.push(value);
    return runs;
  }

  #firstRunEndingFrom(value: number): number {
    let low = 0;
    let high = this.#to.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#to[middle]! < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
