// What does not balance in a lane, in words. Pure.
import type { Disagreement } from "../../../contracts/messages/ledger.ts";

const counted = (count: number): string =>
  count > 0 ? `${count} readings more` : `${-count} readings fewer`;

/** The sides that disagree, and by how much. */
export function openText({ judged, settled, miscounted }: Disagreement): string {
  const words = [
    ...Object.entries(judged).map(
      ([contract, count]) =>
        `the region counts ${counted(count)} of ${contract} than the hub has judged`,
    ),
    ...Object.entries(settled).map(
      ([contract, count]) =>
        `the aggregator judged ${counted(count)} of ${contract} than it can account for`,
    ),
    ...(miscounted > 0 ? [`running totals and frames disagree by ${miscounted} readings`] : []),
  ];
  return words.join("; ");
}
