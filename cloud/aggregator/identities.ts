import type { Contract } from "../../contracts/contract.ts";
import { identityOf } from "../../contracts/reading.ts";

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

/** Which readings of one series have been counted, by the identity their contract declares. */
export class Identities {
  #sequences: Map<string, NumberRuns> | null = null;
  #others: Set<string> | null = null;

  /** Remembers a reading; false if it is a repeat. Without an identity everything is new. */
  add(contract: Contract, device: string, payload: Readonly<Record<string, unknown>>): boolean {
    if (contract.identity === "sequence")
      return this.#runs(device).add(payload[contract.sequenceProperty!] as number);
    const identity = identityOf(contract, device, payload);
    if (identity === null) return true;
    this.#others ??= new Set();
    if (this.#others.has(identity)) return false;
    this.#others.add(identity);
    return true;
  }

  #runs(device: string): NumberRuns {
    this.#sequences ??= new Map();
    let runs = this.#sequences.get(device);
    if (!runs) this.#sequences.set(device, (runs = new NumberRuns()));
    return runs;
  }
}
