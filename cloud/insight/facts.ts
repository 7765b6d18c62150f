// What the insight is made of, as it was gathered at one moment (pure).
import type { HeardProcess } from "../../platform/nats/live/live-view.ts";
import type { Fence } from "../../contracts/messages/generation.ts";
import type { Ledger } from "../../contracts/messages/ledger.ts";
import type { ProcessStatus } from "../../contracts/messages/status.ts";
import type { LinkState } from "../link/link-history.ts";
import type { LogInsight } from "./insight.ts";
import type { OpenRollback } from "./went-back.ts";
import { GONE_MS } from "./lag/verdict.ts";

/** The place of an operator in a lane. */
export interface Place {
  readonly doneSeq: number;
  /** Time at which the region stored that frame, epoch ms; null if it is not known any more. */
  readonly doneMs: number | null;
  /** Time at which the region stored the next frame of the lane, epoch ms; null without one, or if it is not known. */
  readonly nextMs: number | null;
}

export interface LaneFacts {
  readonly partition: number;
  /** The newest frame of the lane that the hub has, and when the region stored it. */
  readonly newestSeq: number;
  readonly newestMs: number;
  /** Null if nobody says, and nothing is saved. */
  readonly aggregator: Place | null;
  readonly alerting: Place | null;
}

export interface RegionFacts {
  readonly region: string;
  readonly link: LinkState | null;
  /** Null if the region's server does not answer now. */
  readonly log: LogInsight | null;
  /** Null if the hub's server does not answer. */
  readonly copy: (LogInsight & { readonly lag: number | null }) | null;
  readonly lanes: readonly LaneFacts[];
  /** Streams of the region that went back behind the hub's copies, and have not gone on yet. */
  readonly wentBack: readonly OpenRollback[];
  /** Last sequence of the alerts of the region that the hub has; null if it does not say. */
  readonly alertsSeq: number | null;
}

export interface Facts {
  readonly atMs: number;
  /** Whoever was not heard for that long is away, or is not there. */
  readonly listeningSinceMs: number;
  readonly processes: readonly HeardProcess[];
  readonly regions: readonly RegionFacts[];
  readonly ledger: Ledger | null;
  readonly alertsFiring: number | null;
  /** The reason for which nobody writes records at the hub; null if everybody may, or nobody says. */
  readonly fence: Fence | null;
}

type StatusOf<Kind extends ProcessStatus["process"]> = Extract<ProcessStatus, { process: Kind }>;

/** Statuses of the processes of a kind that are there, of one domain or of all. */
export function statusesOf<Kind extends ProcessStatus["process"]>(
  { processes, atMs }: Pick<Facts, "processes" | "atMs">,
  kind: Kind,
  domain?: string,
): StatusOf<Kind>[] {
  return processes.flatMap((one) => {
    const { status } = one;
    const isThere = atMs - one.heardMs < GONE_MS && (domain ?? one.domain) === one.domain;
    return isThere && status?.process === kind ? [status as StatusOf<Kind>] : [];
  });
}

/** The same; while none is there, those that fell silent last, whose figures are of then. */
export function lastStatusesOf<Kind extends ProcessStatus["process"]>(
  { processes, atMs }: Pick<Facts, "processes" | "atMs">,
  kind: Kind,
): StatusOf<Kind>[] {
  const heard = processes.filter(({ status }) => status?.process === kind);
  const lastMs = Math.max(...heard.map(({ heardMs }) => heardMs));
  return statusesOf({ processes, atMs: Math.min(atMs, lastMs) }, kind);
}

/** Time since a process of the kind was heard in a domain, ms: Infinity if none was, after listening for long enough. */
export function silenceOf(facts: Facts, kind: string, domain: string): number {
  const { processes, atMs, listeningSinceMs } = facts;
  const heard = processes
    .filter((one) => one.kind === kind && one.domain === domain)
    .map(({ heardMs }) => heardMs);
  if (heard.length > 0) return Math.max(0, atMs - Math.max(...heard));
  return atMs - listeningSinceMs >= GONE_MS ? Infinity : 0;
}
