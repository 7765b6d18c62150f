import { telemetryStream } from "../names/subjects.ts";

/** The hub's progress in a region's log: written at the hub, so that the region knows what may go. */
export interface HubCopy {
  /** Last sequence that the hub's mirror holds. */
  readonly seq: number;
  /** The time of that observation, epoch ms. */
  readonly seenAtMs: number;
  /** The last time that the region's log was found rolled back. */
  readonly rollback?: Rollback;
  /** The same of other streams of the region, by their names. */
  readonly others?: Readonly<Record<string, Rollback>>;
}

/** A region's stream lost its newest messages, and uses their sequence numbers again. */
export interface Rollback {
  readonly foundAtMs: number;
  /** The first number under which the two hold different messages; absent of what a steward before 0103 has found. */
  readonly fromSeq?: number;
  /** The last number under which they do: the hub's copy takes nothing up to here. */
  readonly copySeq: number;
  /** The time at which the region's stream went on behind the copy, epoch ms; null until then. */
  readonly rebuiltAtMs: number | null;
}

/** Everything of a region that went back, by stream. */
export const rollbacksIn = (
  { rollback, others = {} }: Pick<HubCopy, "rollback" | "others">,
  region: string,
): Readonly<Record<string, Rollback>> =>
  rollback ? { [telemetryStream(region)]: rollback, ...others } : others;

/** The streams that have not gone on yet behind the hub's copy, with the range that they have to write again. */
export const openRollbacks = (
  copy: Pick<HubCopy, "rollback" | "others">,
  region: string,
): (Rollback & { readonly stream: string; readonly fromSeq: number })[] =>
  Object.entries(rollbacksIn(copy, region)).flatMap(([stream, one]) =>
    one.rebuiltAtMs === null && one.fromSeq !== undefined
      ? [{ ...one, stream, fromSeq: one.fromSeq }]
      : [],
  );
