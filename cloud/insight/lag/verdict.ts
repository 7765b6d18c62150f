// The verdict on how far a reader of a region's log is behind (pure): its progress joined with the state of the
// link, in a word and a sentence. Health is progress: an open socket proves nothing.
import { type Motion, STANDS_MS } from "./progress.ts";
import { number } from "../../operations/words.ts";
import { about } from "../words.ts";

/** The worst first. `standing`: it has work and does nothing, for too short a time to be called stuck. */
export const LAG_STATES = ["stuck", "waiting_for_wan", "standing", "catching_up", "ok"] as const;
export type LagState = (typeof LAG_STATES)[number];

export interface LagVerdict {
  readonly state: LagState;
  /** The time since which it is so, epoch ms. */
  readonly sinceMs: number;
  readonly motion: Motion | "stopped";
  readonly behindFrames: number;
  /** Age of the oldest frame that is not done, ms; null if it is not known. */
  readonly behindMs: number | null;
  /** Time until it has caught up, ms; null if that cannot be said. */
  readonly etaMs: number | null;
  /** The state in words. */
  readonly why: string;
}

/** A reader that is less far behind is up to date: frames come each second, and are done soon after. */
export const UP_TO_DATE_MS = 5_000;
/** A process that is silent for longer is gone: it speaks each second, and a restart takes some. */
export const GONE_MS = 15_000;

/** Whoever stands and is silent for so long does not get on because it is gone. */
const QUIET_MS = 5_000;

export interface LagFacts {
  readonly nowMs: number;
  /** Down since then, epoch ms; null while it is up. */
  readonly linkDownSinceMs: number | null;
  /** True of a reader beyond the WAN: with the link down nothing is known of it. */
  readonly isRemote: boolean;
  readonly motion: Motion;
  /** Time for which it has had work and has done nothing of it, ms. */
  readonly standsForMs: number;
  readonly behindFrames: number;
  readonly behindMs: number | null;
  readonly etaMs: number | null;
  /** Whoever does the work, with an article: `the aggregator`. */
  readonly who: string;
  /** Time since it was heard, ms; Infinity if it never was. */
  readonly silentMs: number;
  /** The reason why it stands still, in its own words or those of whom it waits for; null if it has none. */
  readonly stoppedBy: string | null;
}

type Judged = Omit<LagVerdict, "sinceMs">;

export function judgeLag(facts: LagFacts): Judged {
  const { linkDownSinceMs, isRemote, silentMs, behindFrames, standsForMs } = facts;
  if (isRemote && linkDownSinceMs !== null) return waits(facts, linkDownSinceMs);
  if (silentMs >= GONE_MS) return stuck(facts, "stopped", absence(facts));
  if (linkDownSinceMs !== null && (behindFrames === 0 || waitsForRegion(facts)))
    return waits(facts, linkDownSinceMs);
  const stands = isStanding(facts);
  if (stands && silentMs >= QUIET_MS) return stuck(facts, "stopped", absence(facts));
  // Whoever says why it stands need not be watched for longer.
  if (facts.motion === "stalled" || (stands && facts.stoppedBy !== null))
    return stuck(facts, "stalled", standstill(facts));
  const { behindMs } = lag(facts);
  if (behindMs === null ? behindFrames === 0 : behindMs <= UP_TO_DATE_MS)
    return { ...lag(facts), state: "ok", motion: facts.motion, etaMs: 0, why: "up to date" };
  if (stands)
    return {
      ...{ ...lag(facts), state: "standing", motion: "stalled", etaMs: null },
      why: `has done nothing for ${about(standsForMs)}, and ${waiting(behindFrames)}`,
    };
  return { ...lag(facts), state: "catching_up", motion: facts.motion, why: catchingUp(facts) };
}

/** Frames, their age and their end; the age is at least the time for which nothing was done. */
const lag = ({ behindFrames, behindMs, etaMs, standsForMs }: LagFacts) => ({
  behindFrames,
  behindMs: behindMs === null ? null : Math.max(behindMs, standsForMs),
  etaMs,
});

const waits = (facts: LagFacts, sinceMs: number): Judged => ({
  ...lag(facts),
  ...{ state: "waiting_for_wan", motion: facts.motion, etaMs: null },
  why: `waits for the WAN, which is down for ${about(facts.nowMs - sinceMs)}`,
});

const stuck = (facts: LagFacts, motion: LagVerdict["motion"], why: string): Judged => ({
  ...lag(facts),
  ...{ state: "stuck", motion, etaMs: null, why: `stuck: ${why}` },
});

function absence({ who, silentMs }: LagFacts): string {
  return Number.isFinite(silentMs)
    ? `${who} has not been heard for ${about(silentMs)}`
    : `nothing is heard of ${who}`;
}

const standstill = ({ who, stoppedBy, behindFrames }: LagFacts): string =>
  stoppedBy ?? `${who} does not get on, and ${waiting(behindFrames)}`;

const waiting = (frames: number): string =>
  `${number(frames)} ${frames === 1 ? "frame waits" : "frames wait"}`;

/** A hole is filled from the region, which cannot be reached. */
const waitsForRegion = (facts: LagFacts): boolean =>
  isStanding(facts) && facts.stoppedBy?.includes("from the region") === true;

const isStanding = ({ motion, standsForMs }: LagFacts): boolean =>
  motion === "stalled" || standsForMs >= STANDS_MS;

function catchingUp({ motion, etaMs, behindMs }: LagFacts): string {
  if (motion === "rewinding") return "catching up: it has gone back to where it was saved last";
  const behind = behindMs === null ? "" : `, ${about(behindMs)} behind`;
  return etaMs === null
    ? `catching up${behind}: it is not known yet how long it takes`
    : `catching up, done in about ${about(etaMs)}${behind}`;
}
