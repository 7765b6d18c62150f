// Two counts of one lane, held against each other: what its region says was acknowledged, and what the hub
// judged. Pure.
//
// K1. Counts are compared where both have one for the same frame: then they must be equal, however far apart
//     region and hub are now. They grow with the log, so one point that is equal proves everything before it.
// K2. Two that did not begin with the same frame, or whose log was rolled back (lane-tally.ts/Y4), differ by
//     what one of them never saw: the first difference is the base of the next ones.
// K3. What one side counts as lost and the other has by name is no difference: a copy may hold frames that its
//     region has lost.
// K4. Points are bounded; the oldest go.
import {
  type LaneTally,
  type TallyPoint,
  UNKNOWN_CONTRACT,
} from "../../../contracts/messages/ledger.ts";

/** Points of a region that wait for the hub to come there: an hour of them (K4). */
const POINTS_KEPT = 720;

/** Readings by contract; those that are lost under no name. */
export type Difference = ReadonlyMap<string, number>;

/** The frame that both sides have counted up to, and their counts. */
export interface Meeting {
  readonly region: TallyPoint;
  readonly hub: TallyPoint;
  /** Readings that the region counts and the hub does not, by contract (K2, K3). */
  readonly difference: Difference;
}

interface Base {
  readonly key: string;
  readonly difference: Difference | null;
}

export class Comparison {
  readonly #region = new Map<string, TallyPoint>();
  #base: Base = { key: "", difference: null };
  #meeting: Meeting | null = null;

  /** The last meeting; null while there was none. */
  get meeting(): Meeting | null {
    return this.#meeting;
  }

  /** True if both begin with the same frame: then their counts may be taken for each other's. */
  static sameBeginning(region: LaneTally, hub: LaneTally): boolean {
    return region.sinceMs === hub.sinceMs && (region.rollbacks ?? 0) === 0;
  }

  /** Takes what both sides know now, as points of the lane, oldest first. */
  take(region: readonly TallyPoint[], hub: readonly TallyPoint[]): void {
    const [newestRegion, newestHub] = [region.at(-1), hub.at(-1)];
    if (newestRegion) this.#begin(newestRegion.tally, newestHub?.tally);
    for (const point of region) this.#region.set(keyOf(point), point);
    for (const key of this.#region.keys()) {
      if (this.#region.size <= POINTS_KEPT) break;
      this.#region.delete(key); // K4
    }
    for (const point of [...hub].reverse()) {
      const same = this.#region.get(keyOf(point));
      if (!same) continue;
      if (this.#meeting && point.seq < this.#meeting.hub.seq) return;
      this.#meet(same, point);
      return;
    }
  }

  #begin(region: LaneTally, hub: LaneTally | undefined): void {
    const key = `${region.sinceMs} ${region.rollbacks ?? 0} ${hub?.sinceMs ?? ""}`;
    if (key === this.#base.key) return;
    const isSame = hub && Comparison.sameBeginning(region, hub);
    this.#base = { key, difference: isSame ? new Map() : null };
    this.#region.clear();
    this.#meeting = null;
  }

  #meet(region: TallyPoint, hub: TallyPoint): void {
    const whole = differenceOf(region.tally, hub.tally);
    if (this.#base.difference === null) this.#base = { ...this.#base, difference: whole }; // K2
    const difference = cancelled(minus(whole, this.#base.difference!));
    this.#meeting = { region, hub, difference };
  }
}

/** The same frame, and not another one under its number after a rollback. */
const keyOf = ({ seq, storeMs }: TallyPoint): string => `${seq} ${storeMs}`;

/** The key of what is lost, which is no name of a contract. */
const LOST = "";

export function differenceOf(region: LaneTally, hub: LaneTally): Map<string, number> {
  const difference = new Map<string, number>([[LOST, region.lost - hub.lost]]);
  for (const contract of new Set([...Object.keys(region.readings), ...Object.keys(hub.readings)]))
    difference.set(contract, (region.readings[contract] ?? 0) - (hub.readings[contract] ?? 0));
  return difference;
}

function minus(from: Difference, base: Difference): Map<string, number> {
  const rest = new Map(from);
  for (const [contract, count] of base) rest.set(contract, (rest.get(contract) ?? 0) - count);
  return rest;
}

/** K3. Without the contracts that do not differ. */
function cancelled(difference: Map<string, number>): Map<string, number> {
  let lost = difference.get(LOST) ?? 0;
  difference.delete(LOST);
  for (const [contract, count] of difference) {
    if (count * lost >= 0) continue;
    const both = Math.min(Math.abs(count), Math.abs(lost));
    difference.set(contract, count - Math.sign(count) * both);
    lost -= Math.sign(lost) * both;
  }
  if (lost !== 0) difference.set(UNKNOWN_CONTRACT, (difference.get(UNKNOWN_CONTRACT) ?? 0) + lost);
  return new Map([...difference].filter(([, count]) => count !== 0));
}
