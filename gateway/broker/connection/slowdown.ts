// Reads a client more slowly while it is over a rate: it loses nothing, and its pings are answered late.
// What it may have in flight bounds how far it gets over the rate, and so how long it is not read.
// Tokens are taken from the bucket of its holder: a new connection inherits the debt, and so does another client id.
import type { BrokerHandlers } from "../broker.ts";
import { PAUSE_NAMES, type RatePause } from "./pauses.ts";
import type { RateLimit } from "./rate-limit.ts";
import type { Source } from "./source.ts";

export class Slowdown {
  readonly #source: Source;
  readonly #limit: RateLimit;
  readonly #pause: RatePause;
  readonly #handlers: Pick<BrokerHandlers, "slowed">;
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;

  /** @param handlers told each time that the client is not read any more. */
  constructor(
    source: Source,
    limit: RateLimit,
    pause: RatePause,
    handlers: Pick<BrokerHandlers, "slowed">,
  ) {
    this.#source = source;
    this.#limit = limit;
    this.#pause = pause;
    this.#handlers = handlers;
  }

  /**
   * Takes tokens now, and pauses the client until its debt is paid off.
   * @param nowMs of `performance.now`, by whoever has read it already.
   */
  spend(tokens: number, nowMs = performance.now()): void {
    const { key, share } = this.#source.holder;
    const waitMs = this.#limit.take(key, tokens, nowMs, share.rates);
    if (waitMs === 0 || this.#timer || this.#stopped) return;
    this.#source.pause(this.#pause);
    this.#waitFor(waitMs);
    this.#handlers.slowed?.(this.#source.identity, PAUSE_NAMES[this.#pause]);
  }

  #waitFor(waitMs: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = null;
      // What was in flight when the client was paused has added to the debt.
      const { key, share } = this.#source.holder;
      const moreMs = this.#limit.take(key, 0, performance.now(), share.rates);
      if (moreMs > 0) this.#waitFor(moreMs);
      else this.#source.resume(this.#pause);
    }, Math.ceil(waitMs));
  }

  /** The socket is closed. */
  stop(): void {
    this.#stopped = true;
    if (this.#timer) clearTimeout(this.#timer);
  }
}
