/** A device clock may be ahead of the gateway's by this much. */
export const CLOCK_AHEAD_MAX_MS = 5 * 60_000;
