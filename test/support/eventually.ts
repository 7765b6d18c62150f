import { setTimeout as sleep } from "node:timers/promises";

const POLL_MS = 20;
const WITHIN_MS = 20_000;

/**
 * Polls until `probe` answers anything but false; errors count as "not yet" and the last one is reported.
 * Resolves to that answer.
 */
export async function eventually<T>(
  what: string,
  probe: () => Promise<T | false> | T | false,
  withinMs = WITHIN_MS,
): Promise<T> {
  const deadline = performance.now() + withinMs;
  let last: unknown = "the answer was no";
  while (performance.now() < deadline) {
    try {
      const answer = await probe();
      if (answer !== false) return answer;
    } catch (error) {
      last = error;
    }
    await sleep(POLL_MS);
  }
  throw new Error(`not within ${withinMs} ms: ${what} (${String(last)})`, { cause: last });
}
