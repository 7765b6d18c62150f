// The difference between the two counts of a lane that is known, and why it is not zero. Pure.
//
// J1. A difference is known from the moment that it is stored, for the counts that it was stored for. So whoever
//     restarts goes on with it, and what came to differ meanwhile is open.
// J2. It changes only for a reason that the counts show: one of them began anew, or the region's log was rolled
//     back. A difference without a reason stays open until an operator acknowledges it, also while a count begins
//     anew: an acknowledgement is about the counts before that, and is given again.
// J3. It is taken once it has stood for STOOD_MS, so that what is on its way is no part of it, or after
//     AWAITED_MS; until then it is not open, and if it cannot be stored then, it is.
// J4. After a rollback, what the region had counted and the hub never got was acknowledged and is gone: it is
//     lost, by contract.
// J5. Where nothing is stored, counts that began together differ by nothing, and others by what one of them
//     counted before the other, if that was within BEGAN_WITHIN_MS: nobody can tell later.
import {
  type BaseReason,
  type BaseStep,
  type Beginnings,
  type CountsByContract,
  type LaneBase,
  sameBeginnings,
  sumOfCounts,
} from "../../../contracts/messages/ledger.ts";
import { type Difference, type Meeting, countTheSame, withoutKnown } from "./comparison.ts";

/** A difference is taken once it has not changed for so long, though the lane moved on (J3). */
const STOOD_MS = 15_000;
const AWAITED_MS = 60_000;
/** J5 */
const BEGAN_WITHIN_MS = 3_600_000;
/** Changes that are listed; what older ones counted as lost is in the oldest. */
const STEPS_KEPT = 20;

export interface BaseFinding {
  /** Readings that the region counts and the hub does not, and nobody knows why, by contract. */
  readonly open: Difference;
  /** The base to be stored; null: the one that is. */
  readonly next: LaneBase | null;
}

/** A difference that has a reason and is to become the base. */
interface Awaited {
  readonly beginnings: Beginnings;
  readonly sinceMs: number;
  readonly sinceSeq: number;
  readonly stood: {
    readonly difference: Difference;
    readonly sinceMs: number;
    readonly seq: number;
  };
}

interface Change {
  readonly reason: BaseReason;
  readonly why: string;
}

export class BaseKeeper {
  #awaited: Awaited | null = null;

  /** @param atMs of the meeting, epoch ms. */
  take(meeting: Meeting, stored: LaneBase | null, atMs: number): BaseFinding {
    const { beginnings, difference } = meeting;
    if (stored && sameBeginnings(stored.beginnings, beginnings)) {
      this.#awaited = null;
      return { open: withoutKnown(difference, mapOf(stored.difference)), next: null }; // J1
    }
    const change = changeOf(stored, beginnings, atMs);
    if (change) return this.#await(meeting, stored, { ...change, atMs });
    const known = countTheSame(beginnings) ? {} : (stored?.difference ?? {});
    const steps = stored?.steps ?? [];
    const next = { beginnings, difference: known, steps, judged: {}, open: null };
    return { open: withoutKnown(difference, mapOf(known)), next };
  }

  /** J3 */
  #await(
    meeting: Meeting,
    stored: LaneBase | null,
    change: Change & { atMs: number },
  ): BaseFinding {
    const { beginnings, difference, hub } = meeting;
    const { atMs } = change;
    let awaited = this.#awaited;
    const stood = { difference, sinceMs: atMs, seq: hub.seq };
    if (!awaited || !sameBeginnings(awaited.beginnings, beginnings))
      awaited = { beginnings, sinceMs: atMs, sinceSeq: hub.seq, stood };
    else if (withoutKnown(difference, awaited.stood.difference).size > 0)
      awaited = { ...awaited, stood };
    this.#awaited = awaited;
    const hasStood = atMs - awaited.stood.sinceMs >= STOOD_MS && hub.seq > awaited.stood.seq;
    const isOver = atMs - awaited.sinceMs >= AWAITED_MS && hub.seq > awaited.sinceSeq;
    const next = hasStood || isOver ? withStep(meeting, stored, change) : null;
    // It should be stored by now.
    const isLate = atMs - awaited.sinceMs >= AWAITED_MS + STOOD_MS;
    const open = isLate
      ? withoutKnown(difference, mapOf(stored?.difference ?? {}))
      : mapOf(staysOpen(stored, change));
    return { open, next };
  }
}

/** The reason for which counts with these beginnings differ; null if they show none (J2, J5). */
function changeOf(stored: LaneBase | null, now: Beginnings, atMs: number): Change | null {
  if (countTheSame(now)) return null;
  if (!stored) {
    const latestMs = Math.max(now.regionMs, now.hubMs, now.rolledBackMs);
    if (atMs - latestMs > BEGAN_WITHIN_MS) return null;
    return now.regionMs === now.hubMs ? ROLLBACK : UPGRADE;
  }
  const before = stored.beginnings;
  const isRegion = before.regionMs !== now.regionMs;
  if (!isRegion && before.hubMs === now.hubMs) return ROLLBACK;
  const who = isRegion ? (before.hubMs === now.hubMs ? "region" : "region and the hub") : "hub";
  const why = `the ${who} lost ${who === "hub" || who === "region" ? "its count" : "their counts"} and began to count anew`;
  return { reason: "lost_position", why };
}

const ROLLBACK: Change = { reason: "rollback", why: "the region's log was rolled back" };
const UPGRADE: Change = {
  reason: "upgrade",
  why: "region and hub did not begin to count with the same frame: what was before is in one count only",
};

/** The open difference, for which a count that begins anew is no reason (J2). */
const staysOpen = (stored: LaneBase | null, { reason }: Change): CountsByContract =>
  reason === "lost_position" ? (stored?.judged ?? {}) : {};

function withStep(
  { beginnings, difference: whole }: Meeting,
  stored: LaneBase | null,
  change: Change & { atMs: number },
): LaneBase {
  const { reason, why, atMs } = change;
  const judged = staysOpen(stored, change);
  const difference = new Map(whole);
  for (const [contract, count] of Object.entries(judged))
    difference.set(contract, (difference.get(contract) ?? 0) - count);
  const added = withoutKnown(difference, mapOf(stored?.difference ?? {}));
  const lost = reason === "rollback" ? positiveOf(added) : {}; // J4
  const step: BaseStep = {
    ...{ reason, atMs, lost, hubMs: beginnings.hubMs },
    why: reason === "rollback" ? rollbackText(added, why) : why,
    difference: Object.fromEntries(added),
  };
  const steps = [...(stored?.steps ?? []), ...(added.size > 0 ? [step] : [])];
  const known = Object.fromEntries(difference);
  return { beginnings, difference: known, steps: bounded(steps), judged, open: null };
}

function rollbackText(added: Difference, why: string): string {
  const lines = [...added].map(([contract, count]) =>
    count > 0
      ? `${count} readings of ${contract} were acknowledged, and are gone`
      : `${-count} readings of ${contract} are at the hub only`,
  );
  return [why, ...lines].join("; ");
}

function bounded(steps: readonly BaseStep[]): readonly BaseStep[] {
  if (steps.length <= STEPS_KEPT) return steps;
  const [oldest, next, ...rest] = steps as [BaseStep, BaseStep, ...BaseStep[]];
  const lost = oldest.hubMs === next.hubMs ? sumOfCounts([oldest.lost, next.lost]) : next.lost;
  return [{ ...next, lost }, ...rest];
}

/** Readings of a lane that are lost by name, of the hub's present count, by contract (J4). */
export const lostIn = (base: LaneBase | null, hubMs: number): CountsByContract =>
  sumOfCounts((base?.steps ?? []).filter((step) => step.hubMs === hubMs).map(({ lost }) => lost));

export const sameCounts = (a: CountsByContract, b: CountsByContract): boolean =>
  Object.keys({ ...a, ...b }).every((contract) => (a[contract] ?? 0) === (b[contract] ?? 0));

const mapOf = (counts: CountsByContract): Map<string, number> => new Map(Object.entries(counts));

/** Counts that are above zero. */
export const positiveOf = (counts: Iterable<readonly [string, number]>): CountsByContract =>
  Object.fromEntries([...counts].filter(([, count]) => count > 0));
