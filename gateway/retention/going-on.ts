// What a process of the region does about its streams that went back: the hub says which, and they go on behind the copies
// there (platform/nats/history/go-on-behind.ts). Several processes may do so: what is written twice counts once.
import { openRollbacks } from "../../contracts/messages/copy.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { goOnBehind } from "../../platform/nats/history/go-on-behind.ts";
import { readCopy } from "../../platform/nats/lanes/copies.ts";
import { sleep } from "../../platform/runtime/backoff.ts";
import { dispositionOf, messageOf } from "../../platform/runtime/errors.ts";
import type { Logger } from "../../platform/runtime/logger.ts";

const LOOK_EVERY_MS = 1_000;
/** Time after a failure: the word of the hub comes through a mirror of its own, and stays away while that stands. */
const RETRY_EVERY_MS = 5_000;

export interface GoingOnParts {
  readonly connection: NatsConnection;
  readonly region: string;
  /** The streams that this process may append to. */
  readonly streams: readonly string[];
  /** Ends the process's own writing into a stream for so long; resolves, once nothing of it is on its way, to what lets it go on. */
  readonly hold?: (stream: string) => Promise<() => void>;
  readonly logger: Logger;
}

export class GoingOn {
  readonly #parts: GoingOnParts;
  readonly #wentOn: Record<string, number> = {};

  constructor(parts: GoingOnParts) {
    this.#parts = parts;
  }

  /** Times at which the hub had found what was mended here last, by stream, epoch ms. */
  get wentOn(): Readonly<Record<string, number>> {
    return this.#wentOn;
  }

  /** Looks again and again until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { logger } = this.#parts;
    while (!signal.aborted) {
      let waitMs = LOOK_EVERY_MS;
      try {
        await this.#look(signal);
      } catch (error) {
        if (signal.aborted) return;
        if (dispositionOf(error) !== "retry") throw error;
        logger.info(`streams that went back not looked after, will retry: ${messageOf(error)}`);
        waitMs = RETRY_EVERY_MS;
      }
      await sleep(waitMs, signal);
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { connection, region, streams, hold, logger } = this.#parts;
    const copy = await readCopy(new Streams(connection), region);
    for (const { stream, fromSeq, copySeq, foundAtMs } of copy ? openRollbacks(copy, region) : []) {
      if (!streams.includes(stream) || this.#wentOn[stream] === foundAtMs) continue;
      const range = { fromSeq, untilSeq: copySeq };
      logger.error({ stream, ...range }, "the stream went back: it goes on behind the hub's copy");
      const letGo = await hold?.(stream);
      try {
        const name = { connection, name: region };
        const done = await goOnBehind(name, stream, range, signal);
        logger.warn({ stream, ...done }, "the stream goes on behind the hub's copy");
      } finally {
        letGo?.();
      }
      this.#wentOn[stream] = foundAtMs;
    }
  }
}
