// Copies at the hub that hear nothing although their region answers. A nats-server from 2.10 on notices after 10 to 20 s that
// a mirror is silent, waits 30 s for an answer if it asks while the region is away, and longer after each try. Another server
// of the hub's cluster that takes the mirror over asks at once.
//
// D1. A copy is handed over only while its region answers: while it is away nobody would hear more.
// D2. What was handed over has AGAIN_AFTER_MS to hear its region.
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { telemetryStream } from "../../contracts/names/subjects.ts";
import { mirroredStreams } from "../../platform/nats/topology/crossings.ts";
import { sleep } from "../../platform/runtime/backoff.ts";
import { messageOf } from "../../platform/runtime/errors.ts";
import type { Logger } from "../../platform/runtime/logger.ts";

const LOOK_EVERY_MS = 1_000;
/** A mirror hears its origin once a second; 2.9.10 asks anew by itself after three. */
const SILENT_MS = 4_000;
const AGAIN_AFTER_MS = 10_000;
const ANSWER_WITHIN_MS = 2_000;

export interface StandingCopiesParts {
  readonly connection: NatsConnection;
  readonly regions: readonly string[];
  readonly logger: Logger;
}

export class StandingCopies {
  readonly #parts: StandingCopiesParts;
  readonly #hub: Streams;
  /** The last time that a stream was handed over, ms of `performance.now()`. */
  readonly #handedOver = new Map<string, number>();

  constructor(parts: StandingCopiesParts) {
    this.#parts = parts;
    this.#hub = new Streams(parts.connection, { timeoutMs: ANSWER_WITHIN_MS });
  }

  /** Looks once a second until `signal` aborts; what cannot be asked now is asked again. */
  async run(signal: AbortSignal): Promise<void> {
    const { regions, logger } = this.#parts;
    while (!signal.aborted) {
      await Promise.all(
        regions.map((region) =>
          this.#look(region).catch((error: unknown) =>
            logger.debug({ region }, `copies that stand are not looked for: ${messageOf(error)}`),
          ),
        ),
      );
      await sleep(LOOK_EVERY_MS, signal);
    }
  }

  async #look(region: string): Promise<void> {
    const silent: string[] = [];
    for (const stream of mirroredStreams(region)) {
      const state = await this.#hub.find(stream);
      if ((state?.mirror?.heardMs ?? 0) > SILENT_MS && this.#isDue(stream)) silent.push(stream);
    }
    if (silent.length === 0) return;
    const { connection, logger } = this.#parts;
    const origin = new Streams(connection, { domain: region, timeoutMs: ANSWER_WITHIN_MS });
    await origin.state(telemetryStream(region)); // D1
    for (const stream of silent) {
      this.#handedOver.set(stream, performance.now());
      if (!(await this.#hub.handOver(stream))) continue; // It is alone, or nobody can lead now.
      logger.info({ region, stream }, "a copy heard nothing: another server takes it over");
    }
  }

  /** D2 */
  #isDue(stream: string): boolean {
    const lastMs = this.#handedOver.get(stream) ?? Number.NEGATIVE_INFINITY;
    return performance.now() - lastMs >= AGAIN_AFTER_MS;
  }
}
