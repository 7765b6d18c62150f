// Which readings were evaluated lately, so that one that a device sent again counts once (pure).
//
// R1. A reading is remembered for at least a horizon of the lane's clock: HORIZON_MS, and if it came late
//     LATE_HORIZON_MS, in another memory of this kind.
// R2. Memory is bounded by READINGS_MAX a generation: beyond it the older generation goes early.
import type { NumberReader, NumberWriter } from "../windows/number-tape.ts";

export const HORIZON_MS = 60_000;
export const LATE_HORIZON_MS = 6 * 3_600_000;
const READINGS_MAX = 200_000;

interface Generation {
  /** Their keys are of contract and device. */
  readonly identities: Map<string, Set<number>>;
  count: number;
}

const makeGeneration = (): Generation => ({ identities: new Map(), count: 0 });

/** JSON-able: of each generation how many identities each contract and device has; they are written apart. */
export interface RecentIdentitiesState {
  readonly sinceMs: number;
  readonly generations: readonly {
    readonly identities: readonly (readonly [key: string, identities: number])[];
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

  /**
   * Remembers a reading; false if it is a repeat. One that only its place in the log tells apart is new.
   * @param contract its name. @param identity as of `identityOf`.
   */
  add(contract: string, device: string, identity: number, clockMs: number): boolean {
    if (Number.isNaN(identity)) return true;
    if (clockMs - this.#sinceMs >= this.#horizonMs || this.#current.count >= READINGS_MAX) {
      this.#previous = this.#current; // R1, R2
      this.#current = makeGeneration();
      this.#sinceMs = clockMs;
    }
    this.#current.count += 1;
    const key = `${contract}\n${device}`;
    let identities = this.#current.identities.get(key);
    if (!identities) this.#current.identities.set(key, (identities = new Set()));
    if (identities.has(identity)) return false;
    // Seen again it is remembered anew: a device may send it a third time.
    identities.add(identity);
    return this.#previous.identities.get(key)?.has(identity) !== true;
  }

  write(writer: NumberWriter): RecentIdentitiesState {
    const generations = [this.#previous, this.#current].map(({ identities, count }) => {
      for (const of of identities.values()) for (const identity of of) writer.push(identity);
      const sizes = [...identities].map(([key, { size }]) => [key, size] as const);
      return { identities: sizes, count };
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
      identities: new Map(of.identities.map(([key, size]) => [key, new Set(reader.take(size))])),
      count: of.count,
    })) as [Generation, Generation];
    return identities;
  }
}
