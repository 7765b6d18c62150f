// The form of the standing ledger in answers; contracts/messages/ledger.ts says what it means.
import { integer, list, object, oneOf, orNull, record, text, timeMs } from "./schema.ts";

const TERMS = {
  acknowledged: integer(),
  stored: integer(),
  repeats: integer("known repeats"),
  refused: integer("refused and kept"),
  waiting: object({ region: integer(), hub: integer(), aggregator: integer() }),
  setAside: integer(),
  lost: integer("lost and named"),
  open: integer("readings that two sides count differently; 0 where the balance is right"),
  oldestMs: orNull(timeMs("when the oldest that waits was stored")),
};

/** One region and contract. */
export const ROW = object({ region: text(), contract: text(), ...TERMS });
/** One lane, all contracts together. */
export const LANE = object({
  region: text(),
  partition: integer(),
  ...TERMS,
  regionSeq: integer("last frame that the region has an account of"),
  settledSeq: integer("last frame that the hub has an account of"),
});
const BY_CONTRACT = record(integer(), "readings by contract");

/** A balance that does not come out. */
export const OPEN = object({
  region: text(),
  partition: integer(),
  readings: integer(),
  frames: list(integer(), "the last that balanced, and the first that did not"),
  sinceMs: timeMs("since when"),
  why: text("the sides that disagree"),
  parts: object({
    judged: BY_CONTRACT,
    settled: BY_CONTRACT,
    miscounted: integer("readings by which running totals and frames disagree"),
  }),
  of: object({
    regionMs: integer("when the region's count began"),
    hubMs: integer("when the hub's count began"),
    rollbacks: integer(),
    rolledBackMs: integer("when the hub found the region's log rolled back; 0: never"),
  }),
  acknowledgedMs: integer("the last acknowledgement that is considered; 0: none"),
});

/** A difference that is known for what it is. */
export const NAMED = object({
  region: text(),
  partition: integer(),
  reason: oneOf(["upgrade", "lost_position", "rollback", "acknowledged"]),
  readings: integer("all contracts, whichever side has more"),
  lost: integer("those of them that count as lost"),
  atMs: timeMs("when it was found, or acknowledged"),
  by: orNull(text("who acknowledged it")),
  why: text(),
});

/** The standing ledger. */
export const LEDGER = object({
  atMs: timeMs("when it was balanced"),
  rows: list(ROW),
  lanes: list(LANE),
  open: list(OPEN),
  named: list(NAMED, "differences that are known for what they are"),
  heardMs: record(orNull(integer()), "when each region was heard last"),
});
