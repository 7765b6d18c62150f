// The verdict that every page shows: what the hub says, unless the page itself does not hear the hub any more.

const LOST = { state: "bad", sentence: "The console does not answer; what you see is old." };
const WAITING = { state: "idle", sentence: "Waiting for the first facts." };

const STATES = { ok: "ok", degraded: "warn", wrong: "bad", unknown: "idle" };

/** `{ state: "ok" | "warn" | "bad" | "idle", sentence }`. */
export function verdictOf(overview, feedState) {
  if (feedState === "lost") return LOST;
  if (overview === null) return WAITING;
  const { state, sentence } = overview;
  if (!sentence) return { state: "idle", sentence: "The verdict is not known yet." };
  return { state: STATES[state] ?? "idle", sentence };
}
