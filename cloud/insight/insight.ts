// Words of the insight: everything that is known at the hub about an installation at one moment (pure).
import type { LinkState } from "../link/link-history.ts";
import type { LagVerdict } from "./lag/verdict.ts";
import type { Ledger } from "../../contracts/messages/ledger.ts";
import type { AggregatorStatus } from "../../contracts/messages/status.ts";
import type { ProcessVitals } from "../../contracts/messages/live.ts";

export interface ProcessInsight {
  readonly kind: string;
  readonly instance: string;
  readonly domain: string;
  readonly startedMs: number;
  /** Time since it was heard, ms. */
  readonly silentMs: number;
  readonly vitals: ProcessVitals;
}

export interface LogInsight {
  readonly bytes: number;
  readonly bytesMax: number | null;
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** The time of this observation, epoch ms: of a region that is cut off it is an old one. */
  readonly atMs: number;
}

export interface LaneInsight {
  readonly partition: number;
  readonly aggregator: LagVerdict;
  readonly alerting: LagVerdict;
}

/** A notifier's channel for a region. */
export interface ChannelInsight {
  readonly channel: string;
  readonly verdict: LagVerdict;
}

export interface RegionInsight {
  readonly region: string;
  /** Null until the hub has said once what its copy hears. */
  readonly link: LinkState | null;
  /** The region's own log; null if it was never seen. */
  readonly log: LogInsight | null;
  readonly copy: (LogInsight & { readonly verdict: LagVerdict }) | null;
  /** Streams that went back behind the hub's copies and have not gone on yet, in words; null without any. */
  readonly wentBack: string | null;
  readonly lanes: readonly LaneInsight[];
  readonly channels: readonly ChannelInsight[];
  /** The way from the region's log to the sink, all lanes together: the worst of it, and when all is done. */
  readonly path: LagVerdict;
  /** Age of what the sink has of every lane, ms; null if it is not known. */
  readonly freshnessMs: number | null;
  /** The newest canary that the sink has: an idle region is known to work by it. */
  readonly canary: { readonly sentMs: number; readonly storedMs: number } | null;
  /** Latency by hop of what came late: see `AggregatorStatus`. */
  readonly latency: AggregatorStatus["recentLatencyMs"][string];
  /** Time that draining takes once the link is back, ms; null without an outage, or if it cannot be said. */
  readonly drainAfterMs: number | null;
  /** Time for which the region's log has room if the hub does not copy it, at the rate of now, ms; null if it cannot be said. */
  readonly roomMs: number | null;
  /** Bytes that come in an hour, at the rate of now; null if it cannot be said. */
  readonly bytesPerHour: number | null;
  /** Readings that gateways have stored since they started. */
  readonly readingsStored: number;
}

export interface SinkInsight {
  /** `unknown`: no aggregator is heard. */
  readonly state: "ok" | "refusing" | "unknown";
  readonly detail: string;
  /** The time since which it takes nothing, epoch ms; null if it does, or nobody knows. */
  readonly sinceMs: number | null;
}

/** The worst first. */
export const PROBLEM_KINDS = [
  "nothing_runs",
  "log_refuses",
  "data_lost",
  "hub_fenced",
  "region_went_back",
  "ledger_open",
  "sink_refuses",
  "stuck",
  "waiting_for_wan",
  "process_gone",
  "log_filling",
  "disk_filling",
  "flooding",
  "standing",
  "catching_up",
] as const;
export type ProblemKind = (typeof PROBLEM_KINDS)[number];

export interface Problem {
  readonly kind: ProblemKind;
  /** `wrong`: somebody has to act; `degraded`: it goes on by itself, or should be looked at. */
  readonly state: "wrong" | "degraded";
  /** Null where it concerns the hub or everything. */
  readonly region: string | null;
  /** A clause that stands by itself: no capital, no full stop. */
  readonly text: string;
  /** The next thing to do, in a sentence or two. */
  readonly next: string;
  /** The section of docs/guides/run-books.md that has the rest, as its anchor. */
  readonly runBook: string;
}

export interface Insight {
  readonly atMs: number;
  readonly processes: readonly ProcessInsight[];
  readonly regions: readonly RegionInsight[];
  readonly sink: SinkInsight;
  /** Null while nobody keeps it here. */
  readonly ledger: Ledger | null;
  /** Alerts that are firing; null where nobody reads them. */
  readonly alertsFiring: number | null;
  readonly problems: readonly Problem[];
  /** `ok`: nothing to do; `degraded`: something waits; `wrong`: somebody has to act; `unknown`: too early to say. */
  readonly state: "ok" | "degraded" | "wrong" | "unknown";
  /** One sentence, the worst first. */
  readonly sentence: string;
}
