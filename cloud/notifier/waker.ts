import { sleep } from "../../platform/runtime/backoff.ts";

/** Lets some wait until another one has changed what they look at; who waits looks again. */
export class Waker {
  #next = new AbortController();

  wake(): void {
    this.#next.abort();
    this.#next = new AbortController();
  }

  /** Resolves at the next `wake`, when `signal` aborts, or after `timeoutMs`. */
  async wait(signal: AbortSignal, timeoutMs = WAIT_MAX_MS): Promise<void> {
    await sleep(Math.min(timeoutMs, WAIT_MAX_MS), AbortSignal.any([signal, this.#next.signal]));
  }
}

/** Looking again costs nothing. */
const WAIT_MAX_MS = 60_000;
