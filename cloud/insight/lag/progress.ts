// Progress of a reader, from a window of where it was and where it had to get (pure). As Burrow has it: moving,
// stalled, stopped, rewinding. It is told samples, and no clock of its own.
//
// W1. Only what has work can stall: a reader at the end of what there is stands still and is well.

/** Samples are kept this long. */
export const WINDOW_MS = 40_000;
const SAMPLES_MAX = 128;
/** A reader that has work and has not moved for this long stands: nobody says when it is done. */
export const STANDS_MS = 3_000;
/** A reader that had work and did not move for this long is stalled. */
export const STALLED_MS = 10_000;
/** A rate over less time says nothing. */
const RATE_OVER_MS = 2_500;

export interface ProgressSample {
  readonly atMs: number;
  /** The last sequence that there is to read. */
  readonly targetSeq: number;
  /** Everything up to here is done. */
  readonly doneSeq: number;
}

export type Motion = "moving" | "stalled" | "rewinding";

export class Progress {
  #samples: ProgressSample[] = [];
  /** The time since which there is work, and nothing is done of it; null without such work. */
  #idleSinceMs: number | null = null;
  #rewound = false;

  get last(): ProgressSample | null {
    return this.#samples.at(-1) ?? null;
  }

  observe(sample: ProgressSample): void {
    const before = this.last;
    if (before && sample.atMs <= before.atMs) return;
    const moved = before === null || sample.doneSeq !== before.doneSeq;
    const hasWork = sample.doneSeq < sample.targetSeq;
    if (before && sample.doneSeq < before.doneSeq) {
      // Rates over what it reads twice would be none.
      this.#samples = [];
      this.#rewound = true;
    } else if (moved) this.#rewound = false;
    if (moved) this.#idleSinceMs = null;
    if (hasWork) this.#idleSinceMs ??= sample.atMs;
    else this.#idleSinceMs = null; // W1
    this.#samples.push(sample);
    const fromMs = sample.atMs - WINDOW_MS;
    while (this.#samples.length > SAMPLES_MAX || this.#samples[0]!.atMs < fromMs)
      this.#samples.shift();
  }

  /** Forgets what was before, because it says nothing about what comes: a link is back, or a reader. */
  beginAnew(): void {
    this.#samples = this.#samples.slice(-1);
    if (this.#idleSinceMs !== null) this.#idleSinceMs = this.last?.atMs ?? null;
  }

  get behind(): number {
    const { last } = this;
    return last ? Math.max(0, last.targetSeq - last.doneSeq) : 0;
  }

  /** Time for which it has had work and has done nothing of it, ms. */
  standsForMs(nowMs: number): number {
    return this.#idleSinceMs === null ? 0 : nowMs - this.#idleSinceMs;
  }

  motion(nowMs: number): Motion {
    if (this.standsForMs(nowMs) >= STALLED_MS) return "stalled";
    return this.#rewound ? "rewinding" : "moving";
  }

  /** Sequences a second, over the window: done, and new ones that came. Null while too little is known. */
  get rates(): { readonly done: number; readonly came: number } | null {
    const [first] = this.#samples;
    const { last } = this;
    if (!first || !last || last.atMs - first.atMs < RATE_OVER_MS) return null;
    const seconds = (last.atMs - first.atMs) / 1_000;
    return {
      done: (last.doneSeq - first.doneSeq) / seconds,
      came: (last.targetSeq - first.targetSeq) / seconds,
    };
  }

  /** Time until nothing is left, ms, if it goes on like this; null if it cannot be said, or never, or while it stands. */
  get etaMs(): number | null {
    const { rates, last } = this;
    if (this.behind === 0) return 0;
    if (last && this.standsForMs(last.atMs) >= STANDS_MS) return null;
    if (!rates || rates.done <= rates.came) return null;
    return Math.round((this.behind / (rates.done - rates.came)) * 1_000);
  }
}
