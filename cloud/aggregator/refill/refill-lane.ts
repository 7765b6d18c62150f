// One lane of a refill: the frames of the log once more, as the aggregator took them, into the sink.
//
// X1. What is written is what the aggregator wrote: the same windows over the same frames. A lane begins WARM_UP_MS
//     before the time that is wanted, so that windows, repeats and places are as they were then.
// X2. Only readings whose own time is in the range are written, and finals of its minutes; whatever else is only known.
// X3. Minutes with late readings are recomputed once the log is through, from the readings that are stored then.
// X4. A refill that was interrupted goes on from the position that it saved, as an aggregator does.
import type { LaneId } from "../../../contracts/names/subjects.ts";
import type { LogEntry } from "../../../platform/nats/client/log-entry.ts";
import {
  APPLIED,
  type Applied,
  ENDED,
  type Filling,
  type Gap,
  type JudgedFrame,
  type LanePort,
} from "../../../platform/nats/lanes/lane-operator.ts";
import { sleep } from "../../../platform/runtime/backoff.ts";
import type { Sink, Writer } from "../../sinks/sink.ts";
import type { ContractLayouts } from "../contract-layout.ts";
import type { FrameEffects } from "../frame-effects.ts";
import { LaneAggregate, type LaneKeys } from "../lane-aggregate.ts";
import { type AggregatorPosition, START, joinedAt } from "../position.ts";
import type { RepairGroup } from "../repair-marks.ts";

/** Longer than anything is told apart for, and than a clock may be ahead. */
export const WARM_UP_MS = 600_000;
const GROUPS_AT_ONCE = 10_000;
const LOOK_AGAIN_MS = 20;

/** The times and contracts that are wanted. */
export interface RefillRange {
  /** Whole minutes, epoch ms; the second one is left out. */
  readonly sinceMs: number;
  readonly untilMs: number;
  /** Null: of all contracts. */
  readonly contract: string | null;
}

/** The place of a lane in a refill, to be saved. */
export interface RefillPlace {
  /** Null until something is done. */
  readonly position: AggregatorPosition | null;
  /** Minutes with late readings (X3). */
  readonly late: readonly Pick<RepairGroup, "contract" | "key" | "minutes">[];
}

export interface RefillParts {
  /** The lane's entries from a sequence on, up to the end that the log had when the refill began. */
  readonly read: (fromSeq: number) => AsyncIterable<LogEntry>;
  readonly sink: Pick<Sink, "put">;
  readonly writer: Writer;
  readonly layouts: ContractLayouts;
  /** Those of the lane, where frames of others are read, too; absent: all are its own. */
  readonly keys?: LaneKeys | null;
  /** Called with the readings of each frame that are written; resolves when the next may follow. */
  readonly wrote: (readings: number, rollups: number, atMs: number) => Promise<void>;
}

export class RefillLane implements LanePort {
  readonly #lane: LaneId;
  readonly #range: RefillRange;
  readonly #parts: RefillParts;
  #aggregate: LaneAggregate | null = null;
  #late: RefillPlace["late"];
  #appliedSeq = 0;
  /** Readings that the sink refused. */
  refused = 0;

  constructor(lane: LaneId, range: RefillRange, from: RefillPlace, parts: RefillParts) {
    this.#lane = lane;
    this.#range = range;
    this.#parts = parts;
    this.#late = from.late;
    if (from.position)
      this.#aggregate = new LaneAggregate(parts.layouts, from.position, {}, parts.keys);
  }

  get place(): RefillPlace {
    this.#gatherLate();
    return { position: this.#aggregate?.position() ?? null, late: this.#late };
  }

  get acknowledged(): number {
    return this.#aggregate?.doneSeq ?? 0;
  }

  read(fromSeq: number): AsyncIterable<LogEntry> {
    return this.#parts.read(fromSeq);
  }

  prepare({ seq, storeMs }: LogEntry): Promise<boolean> {
    this.#aggregate ??= new LaneAggregate(
      this.#parts.layouts,
      seq === START.seq ? START : joinedAt(storeMs),
      {},
      this.#parts.keys,
    );
    return Promise.resolve(true);
  }

  joinsAt({ storeMs }: LogEntry): boolean {
    return this.#aggregate!.joinsAt(storeMs);
  }

  async apply({ entry, ...judged }: JudgedFrame, signal: AbortSignal): Promise<Applied> {
    const frame = { ...judged, seq: entry.seq, storeMs: entry.storeMs };
    let outcome = this.#aggregate!.apply(frame);
    while (outcome.kind === "awaits-repairs" && !signal.aborted) {
      this.#gatherLate();
      await sleep(LOOK_AGAIN_MS, signal);
      outcome = this.#aggregate!.apply(frame);
    }
    if (outcome.kind === "awaits-repairs" || signal.aborted) return ENDED;
    if (outcome.kind === "nothing") return APPLIED;
    if (outcome.kind !== "effects") return outcome;
    this.#appliedSeq = entry.seq;
    await this.#write(outcome, entry.storeMs);
    return APPLIED;
  }

  /** Holes stay: what the log lacks is nowhere else, and the aggregator has named it. */
  fill({ hole }: Gap): Promise<Filling> {
    return Promise.resolve({ kind: "filled", entries: [], lost: hole });
  }

  /** Waits until everything that was read is stored; false if `signal` aborted before. */
  async settled(signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted && this.acknowledged < this.#appliedSeq)
      await sleep(LOOK_AGAIN_MS, signal);
    this.#gatherLate();
    return !signal.aborted;
  }

  async #write(effects: FrameEffects, storeMs: number): Promise<void> {
    const { sink, writer, wrote } = this.#parts;
    const readings = effects.readings.filter((one) => this.#wants(one.contract.name, one.eventMs));
    const rollups = effects.rollups.filter((one) => this.#wants(one.series.name, one.startMs)); // X2
    const { seq } = effects;
    const aggregate = this.#aggregate!;
    const acknowledged = (answer: { readonly refused: readonly unknown[] }): void => {
      this.refused += answer.refused.length;
      aggregate.acknowledged(seq);
    };
    await sink.put({ region: this.#lane.region, readings, rollups, acknowledged }, writer);
    await wrote(readings.length, rollups.length, storeMs);
  }

  #wants(contract: string, atMs: number): boolean {
    const { sinceMs, untilMs, contract: only } = this.#range;
    return atMs >= sinceMs && atMs < untilMs && (only === null || contract === only);
  }

  /** Takes the marks of late readings off the aggregate: they wait here for the end of the log (X3). */
  #gatherLate(): void {
    const due = this.#aggregate?.repairsDue(GROUPS_AT_ONCE) ?? [];
    for (const group of due) this.#aggregate!.repaired(group);
    const { sinceMs, untilMs, contract: only } = this.#range;
    const wanted = due.flatMap(({ contract, key, minutes }) => {
      const own = minutes.filter((startMs) => startMs >= sinceMs && startMs < untilMs);
      return own.length === 0 || (only !== null && contract !== only)
        ? []
        : [{ contract, key, minutes: own }];
    });
    this.#late = [...this.#late, ...wanted];
  }
}
