// The standing ledger: what became of every reading that was acknowledged, as counts that have to balance.

/** Stands for the contract of readings that are gone, and of those that no ledger has room for. */
export const UNKNOWN_CONTRACT = "?";

/** The contract of readings that only show that a path works: no ledger counts them. */
export const UNCOUNTED_CONTRACT = "canary";

/** Readings of one lane's log up to a place, each frame once: the log's own claim of what was acknowledged. */
export interface LaneTally {
  /** Store time of the first frame that is counted, epoch ms; 0 if it counts the log from its beginning. */
  readonly sinceMs: number;
  /** Counts by contract. */
  readonly readings: Readonly<Record<string, number>>;
  /** Readings of frames that are lost, by the running totals of the frames around them. */
  readonly lost: number;
  /** Readings by which running totals disagree with the frames that they are of. */
  readonly miscounted: number;
  /** Times that the log was rolled back behind its reader, who cannot tell what went. Absent: never. */
  readonly rollbacks?: number;
}

/** A tally, and the last frame that is in it. */
export interface TallyPoint {
  readonly seq: number;
  /** The time at which that frame was stored, epoch ms. */
  readonly storeMs: number;
  readonly tally: LaneTally;
}

/** The count of an operator as far as it has come, with earlier points at which others can be compared with it. */
export interface TallyReport extends TallyPoint {
  /** Oldest first. */
  readonly marks: readonly TallyPoint[];
}

export const SETTLED_TERMS = ["stored", "repeats", "rejected", "setAside"] as const;
export type SettledTerm = (typeof SETTLED_TERMS)[number];

/**
 * What became of the readings of a lane at the hub. `stored`: acknowledged by the sink; `repeats`: known by their
 * identity; `rejected`: kept as rejects at the hub; `setAside`: kept with frames that could not be handled.
 */
export type SettledCounts = Readonly<Record<SettledTerm, number>>;

/** The aggregator's account of a lane, up to the frame that it has done with; saved with its position. */
export interface LaneSettled extends TallyReport {
  /** Counts by contract. */
  readonly settled: Readonly<Record<string, SettledCounts>>;
}

/** Places where readings wait that are acknowledged, and not yet settled. */
export interface WaitingCounts {
  /** Those in the region's log, beyond the hub's copy. */
  readonly region: number;
  /** Those in the hub's copy, not yet judged. */
  readonly hub: number;
  /** Judged, and not yet acknowledged by the sink. */
  readonly aggregator: number;
}

/**
 * The terms of a balance: acknowledged = stored + repeats + refused + waiting + set aside + lost + open, always.
 * A balance is right where `open` is 0.
 */
export interface LedgerTerms {
  readonly acknowledged: number;
  readonly stored: number;
  readonly repeats: number;
  /** Kept as rejects, in the region or at the hub. */
  readonly refused: number;
  readonly waiting: WaitingCounts;
  readonly setAside: number;
  /** Gone with their frames, which are named, in a rollback, or with rejects that there was no room for; or acknowledged as missing. */
  readonly lost: number;
  /** Readings that two sides count differently: negative where there are more than were acknowledged. */
  readonly open: number;
}

export const NO_TERMS: LedgerTerms = {
  acknowledged: 0,
  stored: 0,
  repeats: 0,
  refused: 0,
  waiting: { region: 0, hub: 0, aggregator: 0 },
  setAside: 0,
  lost: 0,
  open: 0,
};

/** Readings by contract: of a difference, negative where the second side has more. */
export type CountsByContract = Readonly<Record<string, number>>;

/** Counts added up, contract by contract. */
export function sumOfCounts(all: Iterable<CountsByContract>): CountsByContract {
  const sum: Record<string, number> = {};
  for (const counts of all)
    for (const [contract, count] of Object.entries(counts))
      sum[contract] = (sum[contract] ?? 0) + count;
  return sum;
}

/** The readings that do not balance in a lane, by the sides that disagree. */
export interface Disagreement {
  /** Counted by the region, and not judged by the hub. */
  readonly judged: CountsByContract;
  /** Judged by the aggregator, and without a term. */
  readonly settled: CountsByContract;
  /** Readings by which running totals disagree with the frames that they are of. */
  readonly miscounted: number;
}

/** The beginnings of the two counts of a lane: counts with other ones are not the same counts. */
export interface Beginnings {
  /** `sinceMs` of the region's tally, and the times that its log was rolled back. */
  readonly regionMs: number;
  readonly rollbacks: number;
  /** `sinceMs` of the hub's tally. */
  readonly hubMs: number;
  /** The time at which the hub found the region rolled back last, epoch ms; 0: never. */
  readonly rolledBackMs: number;
}

export const sameBeginnings = (a: Beginnings, b: Beginnings): boolean =>
  a.regionMs === b.regionMs &&
  a.hubMs === b.hubMs &&
  a.rollbacks === b.rollbacks &&
  a.rolledBackMs === b.rolledBackMs;

/**
 * Reasons for which two counts of a lane differ for good. `upgrade`: one side counted before the other knew how to;
 * `lost_position`: one side lost its count and began anew; `rollback`: the region's log lost frames that one side had.
 */
export type BaseReason = "upgrade" | "lost_position" | "rollback";

/** A change of the base, with its reason. */
export interface BaseStep {
  readonly reason: BaseReason;
  /** Epoch ms. */
  readonly atMs: number;
  readonly why: string;
  /** The difference that is open no longer, as the two counts told it. */
  readonly difference: CountsByContract;
  /** Readings of it that were acknowledged and are gone. */
  readonly lost: CountsByContract;
  /** The count of the hub that they are to be added to. */
  readonly hubMs: number;
}

/** The difference between the two counts of a lane that is known; kept by the steward in bucket `ledger`. */
export interface LaneBase {
  readonly beginnings: Beginnings;
  /** Readings that the region counts and the hub does not, by contract; those that are lost under "". */
  readonly difference: CountsByContract;
  /** Oldest first; the latest. */
  readonly steps: readonly BaseStep[];
  /** The difference beyond it, so that a restart does not forget it while the region is not heard. */
  readonly judged: CountsByContract;
  /** The time and frames of what is open; null: nothing is. */
  readonly open: OpenSince | null;
}

/** The place and the time since when a balance does not come out. */
export interface OpenSince {
  /** Sequences of the frames among which it came to be: the last that balanced, and the first that did not. */
  readonly frames: readonly [afterSeq: number, throughSeq: number];
  /** Epoch ms. */
  readonly sinceMs: number;
}

/** An operator has looked at what is open in a lane. */
export interface LedgerAcknowledgement {
  readonly by: string;
  /** Epoch ms. */
  readonly atMs: number;
  readonly why: string;
  readonly parts: Disagreement;
  /** The counts that it is about. */
  readonly of: Beginnings;
}

/** The entry of a lane in bucket `ledger`, written by operators. */
export interface LaneAcknowledged {
  /** Oldest first. */
  readonly acknowledgements: readonly LedgerAcknowledgement[];
}

/** Readings that two sides count differently, and why: they are open no longer. */
export interface NamedDifference {
  readonly region: string;
  readonly partition: number;
  readonly reason: BaseReason | "acknowledged";
  /** All contracts together, whichever sign. */
  readonly readings: number;
  /** Those of them that are counted as lost: acknowledged, and gone. */
  readonly lost: number;
  /** Epoch ms. */
  readonly atMs: number;
  /** The operator who has acknowledged it; null for what the counts say themselves. */
  readonly by: string | null;
  readonly why: string;
}

/** A balance of one lane that does not come out. */
export interface OpenBalance extends OpenSince {
  readonly region: string;
  readonly partition: number;
  /** Readings, all contracts together, whichever sign. */
  readonly readings: number;
  /** The sides that disagree, for people. */
  readonly why: string;
  readonly parts: Disagreement;
  readonly of: Beginnings;
  /** The time of the last acknowledgement that is considered here, epoch ms; 0: there is none. */
  readonly acknowledgedMs: number;
}

/** One region and contract. */
export interface LedgerRow extends LedgerTerms {
  readonly region: string;
  readonly contract: string;
  /** The time at which the oldest that waits was stored in a log, epoch ms; null if none waits. */
  readonly oldestMs: number | null;
}

/** One lane, all contracts together. */
export interface LedgerLane extends LedgerTerms {
  readonly region: string;
  readonly partition: number;
  readonly oldestMs: number | null;
  /** The last frames that the region, and the hub, have an account of; 0 for none. */
  readonly regionSeq: number;
  readonly settledSeq: number;
}

export interface Ledger {
  /** Epoch ms. */
  readonly atMs: number;
  readonly rows: readonly LedgerRow[];
  readonly lanes: readonly LedgerLane[];
  readonly open: readonly OpenBalance[];
  /** Differences that are known for what they are, the latest of each lane. */
  readonly named: readonly NamedDifference[];
  /** The time at which each region was heard last, epoch ms, or null; what it acknowledged since is not in here. */
  readonly heardMs: Readonly<Record<string, number | null>>;
}
