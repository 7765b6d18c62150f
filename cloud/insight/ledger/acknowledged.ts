// What operators have acknowledged of that which does not balance in a lane. Pure.
//
// V1. An acknowledgement is about the counts that it was given for: of counts that began anew it says nothing.
// V2. It covers as much as it was given for, and never more than there is: what comes later is open.
import {
  type Beginnings,
  type CountsByContract,
  type Disagreement,
  type LedgerAcknowledgement,
  sameBeginnings,
  sumOfCounts,
} from "../../../contracts/messages/ledger.ts";
import { positiveOf } from "./lane-base.ts";

/** The part of a disagreement that is acknowledged (V2). */
export function acknowledgedOf(
  found: Disagreement,
  all: readonly LedgerAcknowledgement[],
  now: Beginnings,
): Disagreement {
  const counts = { judged: [] as CountsByContract[], settled: [] as CountsByContract[] };
  let miscounted = 0;
  for (const { parts, of } of all) {
    // V1
    if (sameBeginnings(of, now)) counts.judged.push(parts.judged);
    if (of.hubMs === now.hubMs) counts.settled.push(parts.settled);
    if (of.hubMs === now.hubMs || of.regionMs === now.regionMs) miscounted += parts.miscounted;
  }
  return {
    judged: covered(found.judged, sumOfCounts(counts.judged)),
    settled: covered(found.settled, sumOfCounts(counts.settled)),
    miscounted: Math.min(found.miscounted, miscounted),
  };
}

function covered(found: CountsByContract, by: CountsByContract): CountsByContract {
  const parts = Object.entries(found).map(([contract, count]): [string, number] => {
    const given = by[contract] ?? 0;
    const both = Math.min(Math.abs(count), Math.abs(given));
    return [contract, count * given > 0 ? Math.sign(count) * both : 0];
  });
  return Object.fromEntries(parts.filter(([, count]) => count !== 0));
}

/** The rest of a disagreement without a part of it. */
export function restOf(found: Disagreement, part: Disagreement): Disagreement {
  const without = (from: CountsByContract, less: CountsByContract): CountsByContract =>
    Object.fromEntries(
      Object.entries(from)
        .map(([contract, count]): [string, number] => [contract, count - (less[contract] ?? 0)])
        .filter(([, count]) => count !== 0),
    );
  return {
    judged: without(found.judged, part.judged),
    settled: without(found.settled, part.settled),
    miscounted: found.miscounted - part.miscounted,
  };
}

/** Readings of a disagreement by contract; those that are miscounted under a name of their own. */
export const sumOfParts = (
  { judged, settled, miscounted }: Disagreement,
  unknown: string,
): CountsByContract =>
  sumOfCounts([judged, settled, miscounted === 0 ? {} : { [unknown]: miscounted }]);

/** Readings of a disagreement that one side has and the other lacks for good: lost, once somebody has said so. */
export const missingIn = (parts: Disagreement, unknown: string): CountsByContract =>
  sumOfCounts([
    positiveOf(Object.entries(parts.judged)),
    positiveOf(Object.entries(parts.settled)),
    parts.miscounted === 0 ? {} : { [unknown]: parts.miscounted },
  ]);

export const readingsOf = ({ judged, settled, miscounted }: Disagreement): number =>
  [...Object.values(judged), ...Object.values(settled)].reduce(
    (sum, count) => sum + Math.abs(count),
    miscounted,
  );
