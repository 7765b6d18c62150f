// Differences of a lane that are known for what they are, as people are told them. Pure.
import {
  type CountsByContract,
  type LaneBase,
  type LedgerAcknowledgement,
  type NamedDifference,
  UNKNOWN_CONTRACT,
} from "../../../contracts/messages/ledger.ts";
import type { LaneId } from "../../../contracts/names/subjects.ts";
import { missingIn, readingsOf } from "./acknowledged.ts";

/** The latest of a lane; the others are in the bucket. */
const LISTED = 10;

const sum = (counts: CountsByContract): number =>
  Object.values(counts).reduce((all, count) => all + Math.abs(count), 0);

/** The base and the acknowledgements of a lane, oldest first. */
export function namedOf(
  lane: LaneId,
  base: LaneBase | null,
  acknowledgements: readonly LedgerAcknowledgement[],
): readonly NamedDifference[] {
  const steps = (base?.steps ?? []).map(
    ({ reason, atMs, why, difference, lost }): NamedDifference => ({
      ...{ ...lane, reason, atMs, why, by: null },
      readings: sum(difference),
      lost: sum(lost),
    }),
  );
  const seen = acknowledgements.map(({ by, atMs, why, parts }): NamedDifference => ({
    ...{ ...lane, reason: "acknowledged", atMs, why, by },
    readings: readingsOf(parts),
    lost: sum(missingIn(parts, UNKNOWN_CONTRACT)),
  }));
  return [...steps, ...seen].sort((a, b) => a.atMs - b.atMs).slice(-LISTED);
}
