// Whether an aggregator does its work (pure): /readyz goes by progress, not by sockets. A spare that holds no lane is
// ready; whoever has frames to do and does none of them for STUCK_AFTER_MS is not, and nobody is whose store is away.
import type { HealthCheck } from "../../platform/runtime/health.ts";
import { type LaneId, laneName } from "../../contracts/names/subjects.ts";
import { SINK_REFUSES } from "../insight/region.ts";

/** Well over a pause of the store, or of another aggregator. */
const STUCK_AFTER_MS = 60_000;

export interface ReadinessFacts {
  readonly sink: {
    readonly answered: boolean;
    readonly status: { readonly state: "ok" | "refusing"; readonly detail: string };
  };
  /** Lanes were shared out among the aggregators. */
  readonly isShared: boolean;
  /** The reason why a lease on a lane could not be taken or renewed last; null if it could. */
  readonly leaseRefusal: string | null;
  readonly lanes: readonly {
    readonly lane: LaneId;
    readonly reading: boolean;
    readonly stoppedBy: string | null;
    /** Time for which frames that were read are not done, ms. */
    readonly standsForMs: number;
  }[];
}

/** Checks of an aggregator, beside those of its nats-server. */
export function aggregatorChecks(facts: ReadinessFacts): HealthCheck[] {
  const { sink, isShared, leaseRefusal, lanes } = facts;
  const { state, detail } = sink.status;
  const away = state === "ok" ? null : `${SINK_REFUSES}: ${detail}`;
  const store = sink.answered || state !== "ok" ? away : "the sink has not answered yet";
  const unshared = isShared ? null : "lanes are being shared out";
  const shared = leaseRefusal === null ? unshared : `lanes cannot be shared out: ${leaseRefusal}`;
  return [
    { name: "store", kind: "ready", why: store },
    { name: "lanes are shared out", kind: "ready", why: shared },
    { name: "lanes are read", kind: "ready", why: together(lanes.map(whyUnread)) },
    { name: "lanes are stored", kind: "ready", why: together(lanes.map(whyStanding)) },
  ];
}

type LaneReadiness = ReadinessFacts["lanes"][number];

const whyUnread = ({ lane, reading, stoppedBy }: LaneReadiness): string | null =>
  reading ? null : `lane ${laneName(lane)} is not being read${because(stoppedBy)}`;

function whyStanding({ lane, stoppedBy, standsForMs }: LaneReadiness): string | null {
  if (standsForMs < STUCK_AFTER_MS) return null;
  const seconds = Math.round(standsForMs / 1_000);
  return `lane ${laneName(lane)} has not got on for ${seconds} s${because(stoppedBy)}`;
}

const together = (reasons: readonly (string | null)[]): string | null =>
  reasons.filter((why) => why !== null).join("; ") || null;

const because = (why: string | null): string => (why === null ? "" : `: ${why}`);
