// Reasons for not reading a socket for a while; several can hold at once, so each is a bit.
export const PAUSE = {
  connecting: 1,
  inFlight: 2,
  heldBytes: 4,
  rate: 8,
  writing: 16,
  rejects: 32,
  subscribes: 64,
} as const;

export type Pause = (typeof PAUSE)[keyof typeof PAUSE];

/** Those of a client that is over a rate. */
export type RatePause = (typeof PAUSE)["rate" | "rejects" | "subscribes"];

/** Names under which pauses are counted. */
export const PAUSE_NAMES = {
  1: "connecting",
  2: "in_flight",
  4: "held_bytes",
  8: "rate",
  16: "writing",
  32: "rejects",
  64: "subscribes",
} as const satisfies Record<Pause, string>;

export interface Pausable {
  pause(reason: Pause): void;
  resume(reason: Pause): void;
}
