import type { Life } from "../../gateway/alerting/rules/lifecycle.ts";

/** A key's alert that fires. */
export const FIRING: Life = {
  phase: "firing",
  sinceMs: 0,
  newestMs: 0,
  raisedAt: { seq: 1, index: 0 },
  clearSinceMs: 0,
  silencedUntilMs: null,
};
