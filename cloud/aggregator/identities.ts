import type { Contract } from "../../contracts/schema/contract.ts";
import { NumberRuns } from "../../contracts/messages/number-runs.ts";
import { identityOf } from "../../contracts/messages/reading.ts";

/** The readings of one series that have been counted, by the identity their contract declares. */
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
