import type { Logger } from "../platform/runtime/logger.ts";

/** The same problem is told of at most this often. */
const WARN_EVERY_MS = 600_000;
/** Problems that are remembered; a receiver may word each answer in its own way. */
const PROBLEMS_MAX = 32;

/**
 * Tells once that a receiver does not take a signal: what is sent to it is extra, and the work goes on. What fails in one
 * way for all signals is told for the first of them. A signal is told of again only after it was taken in between, or
 * fails in another way, and of the same problem not before ten minutes are over.
 */
export class ReceiverWarnings {
  readonly #origin: string;
  readonly #logger: Pick<Logger, "warn">;
  readonly #clock: () => number;
  /** The problem of each signal that is not taken. */
  readonly #down = new Map<string, string>();
  /** The time at which each problem was told. */
  readonly #toldMs = new Map<string, number>();

  /** @param clock milliseconds, from any zero. */
  constructor(endpoint: string, logger: Pick<Logger, "warn">, clock: () => number) {
    this.#origin = new URL(endpoint).origin;
    this.#logger = logger;
    this.#clock = clock;
  }

  /** The outcome of a request: null is success. */
  answered(signal: string, problem: string | null): void {
    if (problem === null) return void this.#down.delete(signal);
    const nowMs = this.#clock();
    const toldMs = this.#toldMs.get(problem) ?? Number.NEGATIVE_INFINITY;
    const isKnown = this.#down.get(signal) === problem || nowMs - toldMs < WARN_EVERY_MS;
    this.#down.set(signal, problem);
    if (isKnown) return;
    if (this.#toldMs.size >= PROBLEMS_MAX) this.#toldMs.clear();
    this.#toldMs.set(problem, nowMs);
    this.#logger.warn(
      `${this.#origin} takes no ${signal}: ${problem}; they are left out until it does`,
    );
  }
}
