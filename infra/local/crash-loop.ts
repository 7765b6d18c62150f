// A process that is started again so often that it does no work (pure).

/** More restarts than this within a minute are told: whatever ends the process ends it every time. */
const RESTARTS_PER_MINUTE_MAX = 5;
const MINUTE_MS = 60_000;

export interface CrashLoop {
  /** Restarts within a minute. */
  readonly restarts: number;
  /** The last end of the process, and the last line that it logged. */
  readonly because: string;
}

/** A loop and its reason, in a sentence. */
export const crashLoopText = ({ restarts, because }: CrashLoop): string =>
  `started again ${restarts} times within a minute, because: ${because}`;

/** The ends of one process within the last minute. */
export class RecentEnds {
  #endsMs: number[] = [];
  #because = "";

  /** @param nowMs of a monotonic clock. */
  add(because: string, nowMs: number): void {
    this.#because = because;
    this.#endsMs.push(nowMs);
    if (this.#endsMs.length > 1_000) this.#endsMs.shift();
  }

  /** Null unless there are more of them than {@link RESTARTS_PER_MINUTE_MAX}. */
  loop(nowMs: number): CrashLoop | null {
    this.#endsMs = this.#endsMs.filter((endMs) => endMs > nowMs - MINUTE_MS);
    const restarts = this.#endsMs.length;
    return restarts > RESTARTS_PER_MINUTE_MAX ? { restarts, because: this.#because } : null;
  }
}
