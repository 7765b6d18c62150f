// The acknowledgements of a lane, bounded. Pure.
import {
  type LaneAcknowledged,
  type LedgerAcknowledgement,
  sameBeginnings,
  sumOfCounts,
} from "../../../contracts/messages/ledger.ts";

/** Acknowledgements of a lane that are kept; of more, the oldest two become one, if they are about the same counts. */
const KEPT = 50;

/** The entry of a lane with one acknowledgement more. */
export function withAcknowledgement(
  { acknowledgements }: LaneAcknowledged,
  more: LedgerAcknowledgement,
): LaneAcknowledged {
  const all = [...acknowledgements, more];
  if (all.length <= KEPT) return { acknowledgements: all };
  const [oldest, next, ...rest] = all as [LedgerAcknowledgement, ...LedgerAcknowledgement[]];
  if (!next || !sameBeginnings(oldest.of, next.of)) return { acknowledgements: all.slice(1) };
  const parts = {
    judged: sumOfCounts([oldest.parts.judged, next.parts.judged]),
    settled: sumOfCounts([oldest.parts.settled, next.parts.settled]),
    miscounted: oldest.parts.miscounted + next.parts.miscounted,
  };
  return { acknowledgements: [{ ...next, parts }, ...rest] };
}
