// What a run measures, and for how long.
import type { TargetName } from "./targets.ts";
import { TARGET_NAMES } from "./targets.ts";

export interface Plan {
  readonly targets: readonly TargetName[];
  /** Connection counts under saturating load. */
  readonly connections: readonly number[];
  readonly rounds: number;
  readonly warmupMs: number;
  readonly measureMs: number;
  readonly pace: {
    readonly ratePerSecond: number;
    readonly connections: number;
    readonly rounds: number;
    readonly warmupMs: number;
    readonly measureMs: number;
  };
  readonly idleConnections: number;
  readonly workers: number;
  /** Unanswered publishes per connection under saturating load. */
  readonly window: number;
}

export interface PlanFlags {
  readonly quick?: boolean;
  readonly connections?: readonly number[];
  readonly seconds?: number;
  readonly rounds?: number;
  readonly targets?: readonly TargetName[];
  readonly workers?: number;
  readonly window?: number;
  /** Publishes per second of the paced load. */
  readonly rate?: number;
}

/** The default window of Mosquitto's and Paho's clients. */
const WINDOW_DEFAULT = 20;
/** Per connection of a paced load: so wide that only a stall of 10 s fills it. */
export const PACED_WINDOW = 1_000;
export const REFERENCE_CONNECTIONS = 100;

export function planOf(flags: PlanFlags): Plan {
  const quick = flags.quick ?? false;
  const measureMs = (flags.seconds ?? (quick ? 1.2 : 5)) * 1000;
  return {
    targets: flags.targets ?? TARGET_NAMES,
    connections: flags.connections ?? (quick ? [100] : [1, 100, 1_000, 10_000]),
    rounds: flags.rounds ?? (quick ? 2 : 3),
    warmupMs: quick ? 500 : 2_000,
    measureMs,
    pace: {
      ratePerSecond: flags.rate ?? 10_000,
      connections: REFERENCE_CONNECTIONS,
      rounds: quick ? 1 : (flags.rounds ?? 3),
      warmupMs: quick ? 300 : 1_000,
      measureMs: quick ? 1_200 : measureMs,
    },
    idleConnections: quick ? 1_000 : 5_000,
    workers: flags.workers ?? 1,
    window: flags.window ?? WINDOW_DEFAULT,
  };
}

/** Sockets of one process, and some more for its files. */
export const openFilesNeeded = (plan: Plan): number =>
  Math.max(plan.idleConnections, ...plan.connections) + 256;
