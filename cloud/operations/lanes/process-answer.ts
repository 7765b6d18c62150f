// Answers of processes, and the state of a lane by them (pure).
import type { LaneStatus, ProcessStatus } from "../../../contracts/messages/status.ts";
import type { LaneId } from "../../../contracts/names/subjects.ts";

export interface ProcessAnswer {
  readonly name: string;
  /** `host:port` of its status server. */
  readonly address: string;
  /** False also if it does not answer. */
  readonly isReady: boolean;
  /** Null if it does not answer. */
  readonly status: ProcessStatus | null;
}

/** Operators of the lanes, by the name that their positions have. */
export const LANE_OPERATORS = ["alerting", "aggregator"] as const;
export type LaneOperator = (typeof LANE_OPERATORS)[number];

/**
 * What the operator says of a lane. While a lane passes from one aggregator to another both may show it:
 * the one that is further counts. Null if no process that answers works on the lane.
 */
export function laneStatus(
  processes: readonly ProcessAnswer[],
  operator: LaneOperator,
  lane: LaneId,
): LaneStatus | null {
  let found: LaneStatus | null = null;
  for (const { status } of processes) {
    if (status?.process !== operator) continue;
    for (const one of status.lanes)
      if (one.region === lane.region && one.partition === lane.partition)
        if (one.doneSeq > (found?.doneSeq ?? -1)) found = one;
  }
  return found;
}
