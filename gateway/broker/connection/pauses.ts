// Reasons for not reading a socket for a while; several can hold at once, so each is a bit.
export const PAUSE = {
  connecting: 1,
  inFlight: 2,
  heldBytes: 4,
  rate: 8,
  writing: 16,
  rejects: 32,
} as const;

export type Pause = (typeof PAUSE)[keyof typeof PAUSE];

/** Names under which pauses are counted. */
export const PAUSE_NAMES: Record<Pause, string> = {
  1: "connecting",
  2: "in_flight",
  4: "held_bytes",
  8: "rate",
  16: "writing",
  32: "rejects",
};

export interface Pausable {
  pause(reason: Pause): void;
  resume(reason: Pause): void;
}
