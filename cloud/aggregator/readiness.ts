// Whether an aggregator does its work (pure): /readyz goes by progress, not by sockets. A spare that holds no lane is
// ready; whoever has frames to do and does none of them for STUCK_AFTER_MS is not.
import { type LaneId, laneName } from "../../contracts/names/subjects.ts";
import { SINK_REFUSES } from "../insight/region.ts";

/** Well over a restart of the store, or of another aggregator: whoever restarts what is not ready should not for less. */
const STUCK_AFTER_MS = 60_000;

export interface ReadinessFacts {
  readonly sink: {
    readonly answered: boolean;
    readonly status: { readonly state: "ok" | "refusing"; readonly detail: string };
  };
  /** Lanes were shared out among the aggregators. */
  readonly isShared: boolean;
  readonly lanes: readonly {
    readonly lane: LaneId;
    readonly reading: boolean;
    readonly stoppedBy: string | null;
    /** Time for which frames that were read are not done, ms. */
    readonly standsForMs: number;
  }[];
}

/** The reason why it is not ready, in words; null if it is. */
export function whyNotReady({ sink, isShared, lanes }: ReadinessFacts): string | null {
  if (!sink.answered) return "the sink has not answered yet";
  if (!isShared) return "lanes are being shared out";
  for (const { lane, reading, stoppedBy, standsForMs } of lanes) {
    const name = laneName(lane);
    if (!reading) return `lane ${name} is not being read${because(stoppedBy)}`;
    if (standsForMs < STUCK_AFTER_MS) continue;
    const { state, detail } = sink.status;
    const why = state === "ok" ? stoppedBy : `${SINK_REFUSES}: ${detail}`;
    return `lane ${name} has not got on for ${Math.round(standsForMs / 1_000)} s${because(why)}`;
  }
  return null;
}

const because = (why: string | null): string => (why === null ? "" : `: ${why}`);
