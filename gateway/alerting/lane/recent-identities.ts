// Which readings were evaluated lately, so that one that a device sent again counts once (pure).
//
// R1. A reading is remembered for at least a horizon of the lane's clock: HORIZON_MS, and if it came late
//     LATE_HORIZON_MS, in another memory of this kind.
// R2. Memory is bounded by READINGS_MAX a generation: beyond it the older generation goes early.
import { IdentitySet } from "./identity-set.ts";
import type { NumberReader, NumberWriter } from "../windows/number-tape.ts";

export const HORIZON_MS = 60_000;
export const LATE_HORIZON_MS = 6 * 3_600_000;
const READINGS_MAX = 200_000;

interface Generation {
  /** Contract → device → identities: text that is joined for each reading would cost more than finding it. */
  readonly identities: Map<string, Map<string, IdentitySet>>;
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
    let devices = this.#current.identities.get(contract);
    if (!devices)
      this.#current.identities.set(contract, (devices = new Map<string, IdentitySet>()));
    let identities = devices.get(device);
    if (!identities) devices.set(device, (identities = new IdentitySet()));
    // Seen again it is remembered anew: a device may send it a third time.
    if (!identities.add(identity)) return false;
    return this.#previous.identities.get(contract)?.get(device)?.has(identity) !== true;
  }

  write(writer: NumberWriter): RecentIdentitiesState {
    const generations = [this.#previous, this.#current].map(({ identities, count }) => {
      const sizes: [string, number][] = [];
      for (const [contract, devices] of identities)
        for (const [device, of] of devices) {
          of.write(writer);
          sizes.push([`${contract}\n${device}`, of.size]);
        }
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
      identities: readIdentities(of.identities, reader),
      count: of.count,
    })) as [Generation, Generation];
    return identities;
  }
}

function readIdentities(
  sizes: RecentIdentitiesState["generations"][number]["identities"],
  reader: NumberReader,
): Generation["identities"] {
  const all: Generation["identities"] = new Map();
  for (const [key, size] of sizes) {
    const [contract, device] = splitOnce(key);
    let devices = all.get(contract);
    if (!devices) all.set(contract, (devices = new Map<string, IdentitySet>()));
    devices.set(device, IdentitySet.of(reader.take(size)));
  }
  return all;
}

/** The name of a contract has no line break, and a device may. */
function splitOnce(key: string): [contract: string, device: string] {
  const at = key.indexOf("\n");
  return [key.slice(0, at), key.slice(at + 1)];
}
