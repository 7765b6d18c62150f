import { Backoff, sleep } from "../platform/runtime/backoff.ts";
import { AppError, messageOf } from "../platform/runtime/errors.ts";
import type { Logger } from "../platform/runtime/logger.ts";

/**
 * Asks until there is an answer; null if `signal` aborts first. For questions that may be repeated.
 * @throws AppError what `ask` throws with disposition `fatal`: asking again would not help.
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
      if (error instanceof AppError && error.disposition === "fatal") throw error;
      logger.warn(`no answer yet, will retry: ${messageOf(error)}`);
      await sleep(backoff.next(), signal);
    }
  }
  return null;
}
