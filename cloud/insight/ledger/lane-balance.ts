// The balance of one lane, from what its region, the hub's copy and the aggregator say. Pure.
//
// B1. Acknowledged is what the side that has come furthest counts; what the hub has not judged waits.
// B2. Two equations must come out: the region's count and the hub's at one frame (comparison.ts), and the
//     hub's count and the sum of what became of each reading, at the frame that is done. What they leave is open.
// B3. A region that was not heard for a while has acknowledged more; what it has not told is in no term.
import {
  type LaneSettled,
  type LaneTally,
  type LedgerTerms,
  NO_TERMS,
  type OpenBalance,
  type SettledCounts,
  type TallyPoint,
  type TallyReport,
  UNKNOWN_CONTRACT,
} from "../../../contracts/messages/ledger.ts";
import type { LaneId } from "../../../contracts/names/subjects.ts";
import { Comparison } from "./comparison.ts";

export interface LaneFacts {
  /** Epoch ms. */
  readonly atMs: number;
  /** The count of the region's engine, as heard last; null if never. */
  readonly region: TallyReport | null;
  /** The last sequence of the hub's copy; null while that is not known. */
  readonly copySeq: number | null;
  /** The count of the aggregator that reads the lane; null if none says so. */
  readonly judged: TallyPoint | null;
  /** The account of what is done with, from the position; null before the first. */
  readonly settled: LaneSettled | null;
}

export interface LaneAccount {
  /** Terms by contract. */
  readonly terms: ReadonlyMap<string, LedgerTerms>;
  readonly oldestMs: number | null;
  readonly open: OpenBalance | null;
  readonly regionSeq: number;
  readonly settledSeq: number;
}

const NOTHING: LaneTally = { sinceMs: 0, readings: {}, lost: 0, miscounted: 0 };
const NO_COUNTS: SettledCounts = { stored: 0, repeats: 0, rejected: 0, setAside: 0 };

/** Readings that do not balance, by contract, and in words. */
interface Imbalance {
  readonly open: ReadonlyMap<string, number>;
  readonly why: readonly string[];
}

export class LaneBalance {
  readonly #lane: LaneId;
  readonly #comparison = new Comparison();
  #balancedSeq = 0;
  #open: OpenBalance | null = null;

  constructor(lane: LaneId) {
    this.#lane = lane;
  }

  take(facts: LaneFacts): LaneAccount {
    const { region, settled } = facts;
    this.#comparison.take(pointsOf(region), pointsOf(settled));
    const imbalance = this.#imbalance(facts);
    const meetingSeq = this.#comparison.meeting?.hub.seq ?? settled?.seq ?? 0;
    this.#open = this.#openAt(facts, imbalance, meetingSeq);
    const furthest = this.#furthest(facts);
    return {
      terms: termsOf(facts, furthest, imbalance.open),
      oldestMs: oldestOf(facts, furthest),
      open: this.#open,
      regionSeq: region?.seq ?? 0,
      settledSeq: settled?.seq ?? 0,
    };
  }

  /** B2 */
  #imbalance({ region, settled }: LaneFacts): Imbalance {
    const open = new Map<string, number>();
    const why: string[] = [];
    const add = (contract: string, count: number, words: string): void => {
      open.set(contract, (open.get(contract) ?? 0) + count);
      why.push(words);
    };
    for (const [contract, count] of this.#comparison.meeting?.difference ?? []) {
      const what = `the region counts ${counted(count)} of ${contract} than the hub has judged`;
      add(contract, count, what);
    }
    for (const [contract, count] of unsettled(settled)) {
      const what = `the aggregator judged ${counted(count)} of ${contract} than it can account for`;
      add(contract, count, what);
    }
    const off = Math.max(region?.tally.miscounted ?? 0, settled?.tally.miscounted ?? 0);
    if (off > 0)
      add(UNKNOWN_CONTRACT, off, `running totals and frames disagree by ${off} readings`);
    return { open, why };
  }

  #openAt({ atMs }: LaneFacts, { open, why }: Imbalance, seq: number): OpenBalance | null {
    const readings = [...open.values()].reduce((sum, count) => sum + Math.abs(count), 0);
    if (why.length === 0) {
      this.#balancedSeq = seq;
      return null;
    }
    const frames = this.#open?.frames ?? ([this.#balancedSeq, seq] as const);
    const sinceMs = this.#open?.sinceMs ?? atMs;
    return { ...this.#lane, readings, frames, sinceMs, why: why.join("; ") };
  }

  /** The count of who has come furthest, as the hub would count (B1). */
  #furthest({ region, judged, settled }: LaneFacts): TallyPoint | null {
    const own = [settled, judged].filter((point) => point !== null);
    const hub = own.reduce<TallyPoint | null>((a, b) => (a && a.seq >= b.seq ? a : b), null);
    if (!region || (hub && hub.seq >= region.seq)) return hub;
    const { meeting } = this.#comparison;
    if (meeting) {
      const { seq, storeMs, tally } = region;
      return { seq, storeMs, tally: grown(meeting.hub.tally, meeting.region.tally, tally) };
    }
    const isSame = !hub || Comparison.sameBeginning(region.tally, hub.tally);
    return isSame ? region : hub;
  }
}

const pointsOf = (report: TallyReport | null): TallyPoint[] =>
  report ? [...report.marks, report] : [];

const counted = (count: number): string =>
  count > 0 ? `${count} readings more` : `${-count} readings fewer`;

const sumOf = ({ stored, repeats, rejected, setAside }: SettledCounts): number =>
  stored + repeats + rejected + setAside;

/** Readings that are judged and done and have no term, by contract (settlement.ts/N1). */
function* unsettled(account: LaneSettled | null): Iterable<[contract: string, count: number]> {
  if (!account) return;
  const { tally, settled } = account;
  for (const contract of new Set([...Object.keys(tally.readings), ...Object.keys(settled)])) {
    const count = (tally.readings[contract] ?? 0) - sumOf(settled[contract] ?? NO_COUNTS);
    if (count !== 0) yield [contract, count];
  }
}

/** A count of the hub, with what the region's has grown by since. */
function grown(hub: LaneTally, from: LaneTally, to: LaneTally): LaneTally {
  const readings: Record<string, number> = { ...hub.readings };
  for (const [contract, count] of Object.entries(to.readings))
    readings[contract] = (readings[contract] ?? 0) + count - (from.readings[contract] ?? 0);
  return { ...hub, readings, lost: hub.lost + to.lost - from.lost };
}

function termsOf(
  { copySeq, judged, settled }: LaneFacts,
  furthest: TallyPoint | null,
  open: ReadonlyMap<string, number>,
): Map<string, LedgerTerms> {
  const { tally: all } = furthest ?? { tally: NOTHING };
  const done = settled?.tally ?? NOTHING;
  const inHand = judged && judged.seq > (settled?.seq ?? 0) ? judged.tally : done;
  const share = shareInCopy(copySeq, judged?.seq ?? settled?.seq ?? 0, furthest?.seq ?? 0);
  const terms = new Map<string, LedgerTerms>();
  const contracts = [all.readings, done.readings, settled?.settled ?? {}].flatMap(Object.keys);
  for (const contract of new Set([...contracts, ...open.keys(), UNKNOWN_CONTRACT])) {
    const counts = settled?.settled[contract] ?? NO_COUNTS;
    const of = (tally: LaneTally): number => tally.readings[contract] ?? 0;
    const beyond = Math.max(0, of(all) - of(inHand));
    const hub = Math.round(beyond * share);
    const aggregator = Math.max(0, Math.min(of(inHand), of(all)) - of(done));
    const waiting = { region: beyond - hub, hub, aggregator };
    const lost = contract === UNKNOWN_CONTRACT ? Math.max(all.lost, done.lost) : 0;
    const { stored, repeats, rejected: refused, setAside } = counts;
    const isOpen = open.get(contract) ?? 0;
    const known = sumOf(counts) + beyond + aggregator + lost;
    const own = { stored, repeats, refused, waiting, setAside, lost, open: isOpen };
    if (known !== 0 || isOpen !== 0) terms.set(contract, { acknowledged: known + isOpen, ...own });
  }
  return terms;
}

/**
 * The share of what the aggregator has not judged that is in the hub's copy. Nobody has counted that far: frames of a lane hold
 * about the same, so sequences tell. Both parts together are exact.
 */
function shareInCopy(copySeq: number | null, judgedSeq: number, endSeq: number): number {
  if (copySeq === null || endSeq <= judgedSeq) return 0;
  return Math.min(1, Math.max(0, (copySeq - judgedSeq) / (endSeq - judgedSeq)));
}

/** The store time of the last frame that is done, if some are not: the oldest of those came next. */
function oldestOf({ settled }: LaneFacts, furthest: TallyPoint | null): number | null {
  if (!furthest || furthest.seq <= (settled?.seq ?? 0)) return null;
  const [all, done] = [furthest.tally.readings, settled?.tally.readings ?? {}];
  const waits = Object.keys(all).some((contract) => all[contract]! > (done[contract] ?? 0));
  return waits ? (settled?.storeMs ?? furthest.tally.sinceMs) : null;
}

/** Terms added up. */
export function sumOfTerms(all: Iterable<LedgerTerms>): LedgerTerms {
  let sum = NO_TERMS;
  for (const each of all) {
    const { waiting } = each;
    sum = {
      acknowledged: sum.acknowledged + each.acknowledged,
      stored: sum.stored + each.stored,
      repeats: sum.repeats + each.repeats,
      refused: sum.refused + each.refused,
      waiting: {
        region: sum.waiting.region + waiting.region,
        hub: sum.waiting.hub + waiting.hub,
        aggregator: sum.waiting.aggregator + waiting.aggregator,
      },
      setAside: sum.setAside + each.setAside,
      lost: sum.lost + each.lost,
      open: sum.open + each.open,
    };
  }
  return sum;
}
