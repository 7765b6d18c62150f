// The changes that one frame makes, while they are gathered and afterwards. Pure.
import type { Frame } from "../../contracts/messages/frame.ts";
import type { ReadingEffect, RollupEffect } from "../sinks/effects.ts";
import type { ContractLayout } from "./contract-layout.ts";
import type { FrameTerms } from "./settlement.ts";

/** The changes that one frame makes; to be written, then reported back with `acknowledged`. */
export interface FrameEffects {
  readonly kind: "effects";
  readonly seq: number;
  readonly readings: readonly ReadingEffect[];
  readonly rollups: readonly RollupEffect[];
  /** Places of the readings in the frame. */
  readonly places: readonly number[];
  readonly late: number;
  /** Readings that no window counts, because too many series are open. */
  readonly uncounted: number;
  /** Number of readings that were counted before, by their identity. */
  readonly repeated: number;
  /** Devices that began to count anew, once for each time. */
  readonly restarted: readonly string[];
  /** Places in the frame of readings that cannot be stored: no time, not one value, no free slot, no room. */
  readonly unwritable: readonly number[];
  /** The canary that the frame carries, unless it came before. */
  readonly canary: { readonly gateway: string; readonly sentMs: number } | null;
}

export interface MutableEffects extends FrameEffects {
  readonly readings: ReadingEffect[];
  readonly rollups: RollupEffect[];
  readonly places: number[];
  late: number;
  uncounted: number;
  repeated: number;
  readonly restarted: string[];
  readonly unwritable: number[];
}

export const canaryOf = ({ header }: Frame): FrameEffects["canary"] =>
  header.canary === undefined ? null : { gateway: header.gateway, sentMs: header.canary };

export const emptyEffects = (seq: number, canary: FrameEffects["canary"]): MutableEffects => ({
  kind: "effects",
  seq,
  readings: [],
  rollups: [],
  places: [],
  late: 0,
  uncounted: 0,
  repeated: 0,
  restarted: [],
  unwritable: [],
  canary,
});

export function unwritable(
  effects: MutableEffects,
  terms: FrameTerms,
  at: number,
  { contract }: ContractLayout,
): void {
  effects.unwritable.push(at);
  terms.add(contract.name, "rejected");
}

export function repeated(
  effects: MutableEffects,
  terms: FrameTerms,
  { contract }: ContractLayout,
): void {
  effects.repeated += 1;
  terms.add(contract.name, "repeats");
}
