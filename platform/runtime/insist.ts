import { Backoff, sleep } from "./backoff.ts";
import { dispositionOf, messageOf } from "./errors.ts";
import type { Logger } from "./logger.ts";

/**
 * Asks until there is an answer; null if `signal` aborts first. For questions that may be repeated.
 * @throws what `ask` throws unless its disposition is `retry`: no other try would help, and what is not
 *   classified is a bug.
 */
export async function insist<T>(
  ask: () => Promise<T>,
  logger: Logger,
  signal: AbortSignal,
): Promise<T | null> {
  const backoff = new Backoff({ baseMs: 50, maxMs: 1_000 });
  while (!signal.aborted) {
    try {
      return await ask();
    } catch (error) {
      if (signal.aborted) break;
      if (dispositionOf(error) !== "retry") throw error;
      logger.warn(`no answer yet, will retry: ${messageOf(error)}`);
      await sleep(backoff.next(), signal);
    }
  }
  return null;
}
