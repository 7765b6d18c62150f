// Two counts of one lane, held against each other: what its region says was acknowledged, and what the hub
// judged. Pure.
//
// K1. Counts are compared where both have one for the same frame: then they must be equal, however far apart
//     region and hub are now. They grow with the log, so one point that is equal proves everything before it.
// K2. Counts with other beginnings are other counts: what was compared before is forgotten. Whether two with
//     different beginnings may differ is for lane-base.ts to say.
// K3. What one side counts as lost and the other has by name is no difference: a copy may hold frames that its
//     region has lost.
// K4. Points are bounded; the oldest go.
import {
  type Beginnings,
  type LaneTally,
  type TallyPoint,
  UNKNOWN_CONTRACT,
  sameBeginnings,
} from "../../../contracts/messages/ledger.ts";

/** Points of a region that wait for the hub to come there: an hour of them (K4). */
const POINTS_KEPT = 720;

/** Readings by contract; those that are lost under no name. */
export type Difference = ReadonlyMap<string, number>;

/** The frame that both sides have counted up to, and their counts. */
export interface Meeting {
  readonly region: TallyPoint;
  readonly hub: TallyPoint;
  readonly beginnings: Beginnings;
  /** Readings that the region counts and the hub does not, by contract, as the counts are. */
  readonly difference: Difference;
}

/** Beginnings of counts of which one, or both, are not known. */
export const beginningsOf = (
  region: LaneTally | undefined,
  hub: LaneTally | undefined,
  rolledBackMs: number,
): Beginnings => ({
  regionMs: region?.sinceMs ?? 0,
  rollbacks: region?.rollbacks ?? 0,
  hubMs: hub?.sinceMs ?? 0,
  rolledBackMs,
});

/** True if both count from the same frame of a log that kept all: then they may be taken for each other's. */
export const countTheSame = ({ regionMs, hubMs, rollbacks, rolledBackMs }: Beginnings): boolean =>
  regionMs === hubMs && rollbacks === 0 && rolledBackMs === 0;

export class Comparison {
  readonly #region = new Map<string, TallyPoint>();
  #beginnings: Beginnings | null = null;
  #meeting: Meeting | null = null;

  /** The last meeting; null while there was none. */
  get meeting(): Meeting | null {
    return this.#meeting;
  }

  /**
   * Takes what both sides know now, as points of the lane, oldest first.
   * @param rolledBackMs when the hub found the region rolled back last, epoch ms; 0: never.
   */
  take(region: readonly TallyPoint[], hub: readonly TallyPoint[], rolledBackMs: number): void {
    const [newestRegion, newestHub] = [region.at(-1), hub.at(-1)];
    if (!newestRegion || !newestHub) return this.#keep(region);
    const beginnings = beginningsOf(newestRegion.tally, newestHub.tally, rolledBackMs);
    if (this.#beginnings && !sameBeginnings(this.#beginnings, beginnings)) this.#forget(); // K2
    this.#beginnings = beginnings;
    this.#keep(region);
    for (const point of [...hub].reverse()) {
      const same = this.#region.get(keyOf(point));
      if (!same || !isOneCount(same.tally, newestRegion.tally)) continue;
      if (this.#meeting && point.seq < this.#meeting.hub.seq) return;
      const difference = differenceOf(same.tally, point.tally);
      this.#meeting = { region: same, hub: point, beginnings, difference };
      return;
    }
  }

  #keep(region: readonly TallyPoint[]): void {
    for (const point of region) this.#region.set(keyOf(point), point);
    for (const key of this.#region.keys()) {
      if (this.#region.size <= POINTS_KEPT) break;
      this.#region.delete(key); // K4
    }
  }

  #forget(): void {
    this.#region.clear();
    this.#meeting = null;
  }
}

const isOneCount = (a: LaneTally, b: LaneTally): boolean =>
  a.sinceMs === b.sinceMs && (a.rollbacks ?? 0) === (b.rollbacks ?? 0);

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

/** The rest of a difference without a part of it that is known, in contracts that do differ (K3). */
export function withoutKnown(from: Difference, known: Difference): Map<string, number> {
  const difference = new Map(from);
  for (const [contract, count] of known)
    difference.set(contract, (difference.get(contract) ?? 0) - count);
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
