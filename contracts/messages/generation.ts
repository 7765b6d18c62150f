// The hub's records (devices, rules, contracts, commands) as one history: each time that they begin anew they get
// another generation. A hub whose store lost records that a region has seen is fenced until they are merged.

/** Key of the generation in bucket `generations`. */
export const GENERATION_KEY = "hub";
/** Key of the fence; its value is `null` while there is none. */
export const FENCE_KEY = "fence";

export interface Generation {
  /** Random; nobody else has it. */
  readonly id: string;
  readonly sinceMs: number;
  readonly why: "new" | "recovered" | "restored";
}

/** The reason for which nobody writes records at the hub. */
export interface Fence {
  readonly foundAtMs: number;
  /** The region that has seen more. */
  readonly region: string;
  /** A clause: what the hub lacks, or the region does. */
  readonly why: string;
}
