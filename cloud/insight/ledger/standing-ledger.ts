// The standing ledger: facts of every lane in, rows of regions and contracts out. Pure.
import {
  type LaneBase,
  type Ledger,
  type LedgerLane,
  type LedgerRow,
  type LedgerTerms,
  NO_TERMS,
  type NamedDifference,
  type OpenBalance,
} from "../../../contracts/messages/ledger.ts";
import type { LaneId } from "../../../contracts/names/subjects.ts";
import { LaneBalance, type LaneFacts, sumOfTerms } from "./lane-balance.ts";

/** Rejects of a region and contract: kept for as long as rejects are, and those that there was no room for. */
export interface RejectCount {
  readonly refused: number;
  readonly gone: number;
}

export interface RegionFacts {
  /** The time at which its engine was heard last, epoch ms; null if never. */
  readonly heardMs: number | null;
  /** Lanes by partition. */
  readonly lanes: readonly Omit<LaneFacts, "atMs">[];
  /** Counts by contract. */
  readonly rejects: Readonly<Record<string, RejectCount>>;
}

/** An account of one contract of one lane or of rejects, until they are added up. */
interface Part {
  readonly contract: string;
  readonly terms: LedgerTerms;
  readonly oldestMs: number | null;
}

/** The base of a lane as it is to be stored. */
export interface BaseToStore {
  readonly lane: LaneId;
  readonly base: LaneBase;
}

export class StandingLedger {
  readonly #lanes = new Map<string, LaneBalance>();
  #toStore: readonly BaseToStore[] = [];

  /** Bases that the last facts have changed, and that count once they are stored (lane-base.ts/J1). */
  get toStore(): readonly BaseToStore[] {
    return this.#toStore;
  }

  /** @param atMs of the facts, epoch ms. */
  take(atMs: number, regions: Readonly<Record<string, RegionFacts>>): Ledger {
    const rows: LedgerRow[] = [];
    const lanes: LedgerLane[] = [];
    const open: OpenBalance[] = [];
    const named: NamedDifference[] = [];
    const toStore: BaseToStore[] = [];
    const heardMs: Record<string, number | null> = {};
    for (const [region, facts] of Object.entries(regions)) {
      heardMs[region] = facts.heardMs;
      const parts: Part[] = [];
      facts.lanes.forEach((lane, partition) => {
        const account = this.#balance(region, partition).take({ atMs, ...lane });
        const { terms, oldestMs, regionSeq, settledSeq } = account;
        const all = sumOfTerms(terms.values());
        lanes.push({ region, partition, ...all, oldestMs, regionSeq, settledSeq });
        if (account.open) open.push(account.open);
        named.push(...account.named);
        if (account.toStore) toStore.push({ lane: { region, partition }, base: account.toStore });
        for (const [contract, own] of terms) parts.push({ contract, terms: own, oldestMs });
      });
      for (const [contract, { refused, gone }] of Object.entries(facts.rejects)) {
        const terms = { ...NO_TERMS, acknowledged: refused + gone, refused, lost: gone };
        if (refused + gone > 0) parts.push({ contract, terms, oldestMs: null });
      }
      rows.push(...rowsOf(region, parts));
    }
    this.#toStore = toStore;
    return { atMs, rows, lanes, open, named, heardMs };
  }

  #balance(region: string, partition: number): LaneBalance {
    const name = `${region}/${partition}`;
    let balance = this.#lanes.get(name);
    if (!balance) this.#lanes.set(name, (balance = new LaneBalance({ region, partition })));
    return balance;
  }
}

function rowsOf(region: string, parts: readonly Part[]): LedgerRow[] {
  const byContract = Map.groupBy(parts, ({ contract }) => contract);
  return [...byContract]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([contract, own]) => {
      const terms = sumOfTerms(own.map(({ terms: each }) => each));
      const { waiting } = terms;
      const isWaiting = waiting.region + waiting.hub + waiting.aggregator > 0;
      const times = own.flatMap(({ oldestMs }) => (oldestMs === null ? [] : [oldestMs]));
      return {
        ...{ region, contract, ...terms },
        oldestMs: isWaiting && times.length > 0 ? Math.min(...times) : null,
      };
    });
}
