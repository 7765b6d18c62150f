// Identities of readings that came over HTTP lately and are stored (pure: the clock is handed in): whoever heard no
// answer sends them again, and is told that they are there.
//
// R1. Only what the log has acknowledged is remembered, and only for HORIZON_MS: a shorter time than that in which
//     everybody else takes the reading for a repeat, too (docs/architecture.md).
// R2. Bounded: READINGS_MAX a generation, of which there are two; then the older one goes early, and what it knew is
//     stored again, which counts once all the same.
import type { Repeats } from "../ingest/message.ts";

const HORIZON_MS = 60_000;
const READINGS_MAX = 100_000;

export class RecentReadings {
  #current = new Set<string>();
  #previous = new Set<string>();
  #sinceMs: number;
  readonly #nowMs: () => number;

  /** @param nowMs monotonic. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
    this.#sinceMs = nowMs();
  }

  readonly isStored: Repeats["isStored"] = ({ identity }) => {
    this.#turn();
    if (identity === undefined) return false;
    return this.#current.has(identity) || this.#previous.has(identity);
  };

  readonly stored: Repeats["stored"] = ({ identity }) => {
    if (identity !== undefined) this.#current.add(identity);
  };

  #turn(): void {
    const nowMs = this.#nowMs();
    if (nowMs - this.#sinceMs < HORIZON_MS / 2 && this.#current.size < READINGS_MAX) return;
    this.#previous = nowMs - this.#sinceMs < HORIZON_MS ? this.#current : new Set();
    this.#current = new Set();
    this.#sinceMs = nowMs;
  }
}
