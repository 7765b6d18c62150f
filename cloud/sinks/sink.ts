// The port to a store of readings and rollups. A sink is one folder beside this file, and an entry in
// sinks.ts; the aggregator knows it by these interfaces only.
import type { SeriesTags } from "../../contracts/messages/series.ts";
import type { Contract } from "../../contracts/schema/contract.ts";
import type { RollupWindow } from "../../contracts/names/measurements.ts";
import type { CanaryEffect, ReadingEffect, RollupEffect } from "./effects.ts";

/** The effects of one frame, or of a part of the lanes' work, that are acknowledged together. */
export interface SinkItem {
  readonly region: string;
  readonly readings: readonly ReadingEffect[];
  readonly rollups: readonly RollupEffect[];
  /** A canary that came with the frame. */
  readonly canary?: CanaryEffect | undefined;
  readonly acknowledged: (answer: Answer) => void;
  /** True if nothing depends on when it is acknowledged: what was put after it does not wait for it. */
  readonly isAside?: boolean;
}

/** The lane that puts an item: the item counts only while the lane is held, which it never is again. */
export interface Writer {
  readonly signal: AbortSignal;
  readonly held: boolean;
}

export interface Answer {
  /** Times at which the request left and the answer came, epoch ms. */
  readonly startMs: number;
  readonly endMs: number;
  /** Readings that the store refused, by their place in the item, rising. */
  readonly refused: readonly RefusedReading[];
}

export interface RefusedReading {
  readonly place: number;
  readonly detail: string;
}

export type SinkState =
  | { readonly state: "ok"; readonly detail: string; readonly sinceMs: null }
  | {
      readonly state: "refusing";
      readonly detail: string;
      /** Since when, epoch ms; null before it was asked for the first time. */
      readonly sinceMs: number | null;
    };

/**
 * Writes what lanes put, until it is durable.
 *
 * K1. Items are written and acknowledged in the order in which they were put, those aside; `acknowledged` is
 *     called once every effect of the item is durable, or was refused by itself.
 * K2. Writing an effect again changes nothing: a reading is the same by contract, region, series,
 *     time and slot; a rollup by contract, region, series, window, state and start, the last counts.
 * K3. A store that is away is waited for; what waits is bounded, because `put` waits for room.
 * K4. What waits is dropped, unacknowledged, once its writer no longer holds its lane.
 */
export interface Sink {
  /** A short name, as in SKERRY_SINK: spans are named by it. */
  readonly name: string;
  /** The kind of store, as OpenTelemetry's `db.system.name` has it. */
  readonly system: string;
  readonly status: SinkState;
  /** True once the store has answered since the start. */
  readonly answered: boolean;
  /** False when writes that may be left out should be left out. */
  readonly hasRoom: boolean;
  /** Records that the store refused by themselves, since the start. */
  readonly refused: number;
  /** Records that are older than the store keeps any such, since the start. */
  readonly beyondRetention: number;
  /** Resolves once the request in flight is over, if there is one. */
  readonly settled: Promise<void>;
  /** Null if stored readings cannot be read back: rollups are then not revised by late readings. */
  readonly repairSource: RepairSource | null;
  /** Null if stored rollups cannot be read back: there are none of hours and days then. */
  readonly longSource: LongSource | null;
  /**
   * Queues an item; resolves once there is room for the next one, or its writer is over. The effects
   * are encoded before this returns its promise: the caller lets go of them, which keeps memory low.
   */
  put(item: SinkItem, writer: Writer): Promise<void>;
  /** Writes until `signal` aborts; a request in flight is finished, what waits is left to the log. */
  run(signal: AbortSignal): Promise<void>;
}

/** A reading as the store gives it back. */
export interface StoredReading {
  readonly device: string;
  readonly eventMs: number;
  /** Fields and tags by name; a store may give tags back as text. */
  readonly payload: Readonly<Record<string, unknown>>;
}

/** A rollup as the store gives it back. */
export interface StoredRollup {
  /** The tags of its series beside the partition key. */
  readonly tags: SeriesTags;
  readonly startMs: number;
  readonly revision: number;
  /** Values by the names of `rollupValues`. */
  readonly values: Readonly<Record<string, unknown>>;
}

/** All series of one partition key in the time range `[fromMs, toMs)`. */
export interface KeyRange {
  readonly region: string;
  readonly contract: Contract;
  /** Value of the partition key. */
  readonly key: string;
  /** Names of the tags that tell its series apart, in their order. */
  readonly seriesTags: readonly string[];
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * Reads back what the repair job recomputes rollups from, in parts whose size does not grow with the range,
 * in the order of their times. Both reject if the store does not answer.
 */
export interface RepairSource {
  readings(range: KeyRange): AsyncIterable<readonly StoredReading[]>;
  finals(range: KeyRange, window: RollupWindow): AsyncIterable<readonly StoredRollup[]>;
}

/** All series of a contract in one region, in the time range `[fromMs, toMs)`. */
export type RegionRange = Omit<KeyRange, "key">;

/** A final and the partition key of its series, both as the store has them. */
export interface KeyedRollup extends StoredRollup {
  readonly key: string;
}

/** Reads back what rollups of hours and days are merged from. All reject if the store does not answer. */
export interface LongSource {
  /** Keys with finals in the range, as the store has them. */
  keys(range: RegionRange, window: RollupWindow): Promise<string[]>;
  /** Start of the first final from `fromMs` on, whatever `toMs`, or null. */
  firstFinal(range: RegionRange, window: RollupWindow): Promise<number | null>;
  /** Finals in parts whose size does not grow with the range, in the order of their times. */
  finalsOf(
    range: RegionRange & { readonly keys: readonly string[] },
    window: RollupWindow,
  ): AsyncIterable<readonly KeyedRollup[]>;
}

/** The readings of one contract in one hour: log and store compared. */
export interface Difference {
  readonly contract: string;
  readonly readings: number;
  /** Points that only the log has, and points that only the store has, by the worst field. */
  readonly missing: number;
  readonly surplus: number;
}

/** Tells where a store keeps records for another time than is configured; rejects if it does not answer. */
export interface RetentionSource {
  differences(): Promise<string[]>;
}

/** Counts what a store holds, for the steward. Both reject if the store does not answer. */
export interface ReconciliationSource {
  /** The store's name for people. */
  readonly name: string;
  /** Readings in `[fromMs, toMs)` that hold each field; empty if there are none. Tags may lack. */
  countFields(query: {
    readonly region: string;
    readonly contract: string;
    readonly fromMs: number;
    readonly toMs: number;
  }): Promise<ReadonlyMap<string, number>>;
  /** Stores what was found about an hour. */
  record(region: string, hourMs: number, differences: readonly Difference[]): Promise<void>;
}
