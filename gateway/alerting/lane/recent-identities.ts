// Which readings were evaluated lately, so that one that a device sent again counts once (pure).
//
// R1. A reading is remembered for at least a horizon of the lane's clock: HORIZON_MS, and if it came late
//     LATE_HORIZON_MS, in another memory of this kind.
// R2. Memory is bounded by READINGS_MAX a generation: beyond it the older generation goes early.
import { createHash } from "node:crypto";
import type { Contract } from "../../../contracts/schema/contract.ts";
import { NumberRuns } from "../../../contracts/messages/number-runs.ts";
import { identityOf } from "../../../contracts/messages/reading.ts";
import type { NumberReader, NumberWriter } from "../windows/number-tape.ts";

export const HORIZON_MS = 60_000;
export const LATE_HORIZON_MS = 6 * 3_600_000;
const READINGS_MAX = 200_000;
/** 48 bits of a hash: two of 200,000 readings share them once in 14,000 years of them. */
const HASH_HEX_DIGITS = 12;

interface Generation {
  readonly sequences: Map<string, NumberRuns>;
  readonly others: Set<number>;
  count: number;
}

const makeGeneration = (): Generation => ({ sequences: new Map(), others: new Set(), count: 0 });

/** JSON-able: of each generation the runs by contract and device, and how many hashes were written. */
export interface RecentIdentitiesState {
  readonly sinceMs: number;
  readonly generations: readonly {
    readonly sequences: readonly (readonly [string, readonly [number[], number[]]])[];
    readonly others: number;
    readonly count: number;
  }[];
}

export class RecentIdentities {
  #current = makeGeneration();
  #previous = makeGeneration();
  #sinceMs = 0;
  readonly #horizonMs: number;

  constructor(horizonMs = HORIZON_MS) {
    this.#horizonMs = horizonMs;
  }

  /** Remembers a reading; false if it is a repeat. Without an identity everything is new. */
  add(
    contract: Contract,
    device: string,
    payload: Readonly<Record<string, unknown>>,
    clockMs: number,
  ): boolean {
    if (contract.identity === "none") return true;
    if (clockMs - this.#sinceMs >= this.#horizonMs || this.#current.count >= READINGS_MAX) {
      this.#previous = this.#current; // R1, R2
      this.#current = makeGeneration();
      this.#sinceMs = clockMs;
    }
    this.#current.count += 1;
    if (contract.identity === "sequence") {
      const value = payload[contract.sequenceProperty!] as number;
      const key = `${contract.name}\n${device}`;
      let runs = this.#current.sequences.get(key);
      if (!runs) this.#current.sequences.set(key, (runs = new NumberRuns()));
      // Seen again it is remembered anew: a device may send it a third time.
      return runs.add(value) && this.#previous.sequences.get(key)?.has(value) !== true;
    }
    const hash = hashOf(`${contract.name}\n${identityOf(contract, device, payload)}`);
    const isKnown = this.#previous.others.has(hash) || this.#current.others.has(hash);
    this.#current.others.add(hash);
    return !isKnown;
  }

  write(writer: NumberWriter): RecentIdentitiesState {
    const generations = [this.#previous, this.#current].map(({ sequences, others, count }) => {
      for (const hash of others) writer.push(hash);
      const runs = [...sequences].map(([key, of]) => [key, of.toJSON()] as const);
      return { sequences: runs, others: others.size, count };
    });
    return { sinceMs: this.#sinceMs, generations };
  }

  static read(
    { sinceMs, generations }: RecentIdentitiesState,
    reader: NumberReader,
    horizonMs = HORIZON_MS,
  ): RecentIdentities {
    const identities = new RecentIdentities(horizonMs);
    identities.#sinceMs = sinceMs;
    [identities.#previous, identities.#current] = generations.map((of) => ({
      sequences: new Map(of.sequences.map(([key, runs]) => [key, NumberRuns.from(runs)])),
      others: new Set(reader.take(of.others)),
      count: of.count,
    })) as [Generation, Generation];
    return identities;
  }
}

const hashOf = (identity: string): number =>
  Number.parseInt(
    createHash("sha256").update(identity).digest("hex").slice(0, HASH_HEX_DIGITS),
    16,
  );
