// The balance of one lane, from what its region, the hub's copy and the aggregator say. Pure.
//
// B1. Acknowledged is what the side that has come furthest counts; what the hub has not judged waits.
// B2. Two equations must come out: the region's count and the hub's at one frame (comparison.ts), but for what is
//     known of them (lane-base.ts), and the hub's count and the sum of what became of each reading, at the
//     frame that is done. What they leave, and nobody has acknowledged (acknowledged.ts), is open.
// B3. A region that was not heard for a while has acknowledged more; what it has not told is in no term.
// B4. What two counts differ by is stored, with the time since when: a restart forgets nothing of it.
import {
  type Beginnings,
  type CountsByContract,
  type Disagreement,
  type LaneBase,
  type LaneSettled,
  type LaneTally,
  type LedgerAcknowledgement,
  type LedgerTerms,
  NO_TERMS,
  type NamedDifference,
  type OpenBalance,
  type OpenSince,
  type SettledCounts,
  type TallyPoint,
  type TallyReport,
  UNKNOWN_CONTRACT,
  sumOfCounts,
} from "../../../contracts/messages/ledger.ts";
import type { LaneId } from "../../../contracts/names/subjects.ts";
import { acknowledgedOf, missingIn, readingsOf, restOf, sumOfParts } from "./acknowledged.ts";
import { Comparison, beginningsOf, countTheSame } from "./comparison.ts";
import { BaseKeeper, lostIn, sameCounts } from "./lane-base.ts";
import { namedOf } from "./named-differences.ts";
import { openText } from "./open-text.ts";

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
  readonly known: LaneKnown;
}

/** The differences of a lane that are stored. */
export interface LaneKnown {
  /** The time at which the hub found the region rolled back last, epoch ms; 0: never. */
  readonly rolledBackMs: number;
  /** Null if none was stored yet. */
  readonly base: LaneBase | null;
  readonly acknowledgements: readonly LedgerAcknowledgement[];
}

export interface LaneAccount {
  /** Terms by contract. */
  readonly terms: ReadonlyMap<string, LedgerTerms>;
  readonly oldestMs: number | null;
  readonly open: OpenBalance | null;
  readonly named: readonly NamedDifference[];
  readonly regionSeq: number;
  readonly settledSeq: number;
  /** The base to be stored, so that the one who comes after a restart knows it; null: the one that is stored is right. */
  readonly toStore: LaneBase | null;
}

const NOTHING: LaneTally = { sinceMs: 0, readings: {}, lost: 0, miscounted: 0 };
const NO_COUNTS: SettledCounts = { stored: 0, repeats: 0, rejected: 0, setAside: 0 };
/** A balance that is open for less is not stored as open: readings are on their way. */
const OPEN_STORED_AFTER_MS = 5_000;

/** A disagreement in parts: the open one, the acknowledged one; and the base that is to be. */
interface Imbalance {
  readonly found: Disagreement;
  readonly open: Disagreement;
  readonly acknowledged: Disagreement;
  readonly next: LaneBase | null;
  readonly of: Beginnings;
}

export class LaneBalance {
  readonly #lane: LaneId;
  readonly #comparison = new Comparison();
  readonly #keeper = new BaseKeeper();
  #balancedSeq = 0;
  #open: OpenSince | null = null;

  constructor(lane: LaneId) {
    this.#lane = lane;
  }

  take(facts: LaneFacts): LaneAccount {
    const { region, settled, known } = facts;
    this.#comparison.take(pointsOf(region), pointsOf(settled), known.rolledBackMs);
    const imbalance = this.#imbalance(facts);
    const open = this.#openAt(facts, imbalance);
    const furthest = this.#furthest(facts);
    const { base } = known; // lane-base.ts/J1
    const named = sumOfCounts([
      lostIn(base, settled?.tally.sinceMs ?? 0),
      missingIn(imbalance.acknowledged, UNKNOWN_CONTRACT),
    ]);
    return {
      terms: termsOf(facts, furthest, {
        open: sumOfParts(imbalance.open, UNKNOWN_CONTRACT),
        named,
      }),
      oldestMs: oldestOf(facts, furthest),
      open,
      named: namedOf(this.#lane, base, known.acknowledgements),
      regionSeq: region?.seq ?? 0,
      settledSeq: settled?.seq ?? 0,
      toStore: this.#toStore(facts, imbalance),
    };
  }

  /** B2 */
  #imbalance({ atMs, region, settled, known }: LaneFacts): Imbalance {
    const { meeting } = this.#comparison;
    const finding = meeting && this.#keeper.take(meeting, known.base, atMs);
    const found: Disagreement = {
      judged: finding ? Object.fromEntries(finding.open) : (known.base?.judged ?? {}), // B4
      settled: Object.fromEntries(unsettled(settled)),
      miscounted: Math.max(region?.tally.miscounted ?? 0, settled?.tally.miscounted ?? 0),
    };
    const said = beginningsOf(region?.tally, settled?.tally, known.rolledBackMs);
    const of = region || !known.base ? said : { ...known.base.beginnings, hubMs: said.hubMs };
    const acknowledged = acknowledgedOf(found, known.acknowledgements, of);
    const open = restOf(found, acknowledged);
    return { found, open, acknowledged, next: finding?.next ?? null, of };
  }

  #openAt({ atMs, settled, known }: LaneFacts, { open, of }: Imbalance): OpenBalance | null {
    const seq = this.#comparison.meeting?.hub.seq ?? settled?.seq ?? 0;
    const readings = readingsOf(open);
    if (readings === 0) {
      this.#balancedSeq = seq;
      this.#open = null;
      return null;
    }
    // Whoever comes after a restart knows from what is stored since when.
    this.#open ??= known.base?.open ?? { frames: [this.#balancedSeq, seq], sinceMs: atMs };
    const acknowledgedMs = known.acknowledgements.at(-1)?.atMs ?? 0;
    const said = { why: openText(open), parts: open, of, acknowledgedMs };
    return { ...this.#lane, readings, ...this.#open, ...said };
  }

  /** B4 */
  #toStore({ atMs, known }: LaneFacts, { found, next }: Imbalance): LaneBase | null {
    const base = next ?? known.base;
    if (!base || !this.#comparison.meeting) return null;
    const isYoung = this.#open !== null && atMs - this.#open.sinceMs < OPEN_STORED_AFTER_MS;
    if (isYoung && !next) return null;
    const open = isYoung ? null : this.#open;
    const isStored = base.open?.sinceMs === open?.sinceMs && sameCounts(base.judged, found.judged);
    return next || !isStored ? { ...base, open, judged: found.judged } : null;
  }

  /** The count of who has come furthest, as the hub would count (B1). */
  #furthest({ region, judged, settled, known }: LaneFacts): TallyPoint | null {
    const own = [settled, judged].filter((point) => point !== null);
    const hub = own.reduce<TallyPoint | null>((a, b) => (a && a.seq >= b.seq ? a : b), null);
    if (!region || (hub && hub.seq >= region.seq)) return hub;
    const { meeting } = this.#comparison;
    if (meeting) {
      const { seq, storeMs, tally } = region;
      return { seq, storeMs, tally: grown(meeting.hub.tally, meeting.region.tally, tally) };
    }
    const isSame = !hub || countTheSame(beginningsOf(region.tally, hub.tally, known.rolledBackMs));
    return isSame ? region : hub;
  }
}

const pointsOf = (report: TallyReport | null): TallyPoint[] =>
  report ? [...report.marks, report] : [];

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
  { open, named }: { open: CountsByContract; named: CountsByContract },
): Map<string, LedgerTerms> {
  const { tally: all } = furthest ?? { tally: NOTHING };
  const done = settled?.tally ?? NOTHING;
  const inHand = judged && judged.seq > (settled?.seq ?? 0) ? judged.tally : done;
  const share = shareInCopy(copySeq, judged?.seq ?? settled?.seq ?? 0, furthest?.seq ?? 0);
  const terms = new Map<string, LedgerTerms>();
  const sides = [all.readings, done.readings, settled?.settled ?? {}, open, named];
  for (const contract of new Set([...sides.flatMap(Object.keys), UNKNOWN_CONTRACT])) {
    const counts = settled?.settled[contract] ?? NO_COUNTS;
    const of = (tally: LaneTally): number => tally.readings[contract] ?? 0;
    const beyond = Math.max(0, of(all) - of(inHand));
    const hub = Math.round(beyond * share);
    const aggregator = Math.max(0, Math.min(of(inHand), of(all)) - of(done));
    const waiting = { region: beyond - hub, hub, aggregator };
    const unnamed = contract === UNKNOWN_CONTRACT ? Math.max(all.lost, done.lost) : 0;
    const lost = unnamed + (named[contract] ?? 0);
    const { stored, repeats, rejected: refused, setAside } = counts;
    const isOpen = open[contract] ?? 0;
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
