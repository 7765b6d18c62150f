import { Backoff, sleep } from "../../infra/runtime/backoff.ts";
import { messageOf } from "../../infra/runtime/errors.ts";
import type { Logger } from "../../infra/runtime/logger.ts";

/** Asks until there is an answer; null if `signal` aborts first. For questions that may be repeated. */
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
      logger.warn(`no answer yet, will retry: ${messageOf(error)}`);
      await sleep(backoff.next(), signal);
    }
  }
  return null;
}
