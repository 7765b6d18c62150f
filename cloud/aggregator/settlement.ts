// What became of the readings of a lane, by contract, up to the frame that is done. Pure.
//
// N1. Each reading of a frame that was judged new gets one term, where it is decided: stored when the sink has
//     acknowledged its frame, a repeat where its identity is known, rejected where it cannot be stored or the
//     sink refuses it, set aside with its frame. None is computed from the others: what is forgotten shows.
// N2. Counts of a frame wait with the frame, and count once it is done (lane-aggregate.ts/A1): they are saved
//     with the position, so a replay counts nothing twice, and nothing is left out.
import {
  type LaneSettled,
  type LaneTally,
  type SettledCounts,
  type SettledTerm,
  UNCOUNTED_CONTRACT,
} from "../../contracts/messages/ledger.ts";
import type { LaneState } from "../../platform/nats/lanes/lane.ts";
import { TallyMarks, countedAs } from "../../platform/nats/lanes/lane-tally.ts";

type Counts = Record<SettledTerm, number>;

const noCounts = (): Counts => ({ stored: 0, repeats: 0, rejected: 0, setAside: 0 });

/** Terms of the readings of one frame (N1). */
export class FrameTerms {
  readonly #counts = new Map<string, Counts>();
  #contract: string | null = null;
  #of = noCounts();

  add(contract: string, term: SettledTerm): void {
    // Readings of one contract come in runs.
    if (contract !== this.#contract) this.#turnTo(contract);
    this.#of[term] += 1;
  }

  /** The sink has refused a reading that was to be stored. */
  refused(contract: string): void {
    this.#turnTo(contract);
    this.#of.stored -= 1;
    this.#of.rejected += 1;
  }

  get all(): Iterable<readonly [contract: string, counts: SettledCounts]> {
    return this.#counts;
  }

  #turnTo(contract: string): void {
    this.#contract = contract;
    let of = this.#counts.get(contract);
    if (!of) {
      of = noCounts();
      if (contract !== UNCOUNTED_CONTRACT) this.#counts.set(contract, of);
    }
    this.#of = of;
  }
}

/** A frame whose effects are on their way. */
export interface FrameUnderWay {
  readonly seq: number;
  readonly storeMs: number;
  readonly after: LaneState;
  readonly terms: FrameTerms;
}

export class Settlement {
  readonly #counts = new Map<string, Counts>();
  readonly #marks = new TallyMarks();
  #resumed: LaneSettled | null;

  /** @param resumed the account in the position; null where there was none. */
  constructor(resumed: LaneSettled | null) {
    this.#resumed = resumed;
    for (const [contract, counts] of Object.entries(resumed?.settled ?? {}))
      this.#counts.set(contract, { ...counts });
  }

  /** True if frames that were done before have no account: an earlier program did them. */
  get begins(): boolean {
    return this.#resumed === null;
  }

  /** The frame is done. */
  done({ seq, storeMs, after, terms }: FrameUnderWay): void {
    for (const [contract, counts] of terms.all) this.#add(after.tally, contract, counts);
    this.#marks.pass(seq, storeMs, after);
  }

  /** Null before the first frame. */
  get account(): LaneSettled | null {
    const report = this.#marks.report;
    if (!report) return this.#resumed;
    return { ...report, settled: Object.fromEntries([...this.#counts].map(copied)) };
  }

  #add(tally: LaneTally | undefined, contract: string, counts: SettledCounts): void {
    const name = countedAs(tally, contract);
    let of = this.#counts.get(name);
    if (!of) this.#counts.set(name, (of = noCounts()));
    of.stored += counts.stored;
    of.repeats += counts.repeats;
    of.rejected += counts.rejected;
    of.setAside += counts.setAside;
  }
}

const copied = ([contract, counts]: [string, Counts]): [string, Counts] => [
  contract,
  { ...counts },
];
