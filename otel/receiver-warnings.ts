import type { Logger } from "../platform/runtime/logger.ts";

/** A receiver that comes and goes is told of at most this often. */
const WARN_EVERY_MS = 600_000;

/**
 * Tells once that a receiver takes nothing: what is sent to it is extra, and the work goes on. It is told again only
 * after it has worked in between, and not before ten minutes are over.
 */
export class ReceiverWarnings {
  readonly #origin: string;
  readonly #logger: Pick<Logger, "warn">;
  readonly #clock: () => number;
  #isDown = false;
  #warnedMs = Number.NEGATIVE_INFINITY;

  /** @param clock milliseconds, from any zero. */
  constructor(endpoint: string, logger: Pick<Logger, "warn">, clock: () => number) {
    this.#origin = new URL(endpoint).origin;
    this.#logger = logger;
    this.#clock = clock;
  }

  /** The outcome of a request: null is success. */
  answered(signal: string, problem: string | null): void {
    if (problem === null) {
      this.#isDown = false;
      return;
    }
    const nowMs = this.#clock();
    const isKnown = this.#isDown || nowMs - this.#warnedMs < WARN_EVERY_MS;
    this.#isDown = true;
    if (isKnown) return;
    this.#warnedMs = nowMs;
    this.#logger.warn(
      `${this.#origin} takes no ${signal}: ${problem}; they are left out until it does`,
    );
  }
}
