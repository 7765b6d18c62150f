import { telemetryStream } from "../../contracts/names/subjects.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { sleep } from "../../platform/runtime/backoff.ts";

/** A log that fills up within minutes is seen in time. */
const LOOK_EVERY_MS = 5_000;

/** Fill level of the region's log: at its limit nothing is acknowledged any more. */
export class LogFill {
  readonly #streams: Streams;
  readonly #stream: string;
  /** Null until it was looked at, and while the server does not answer: an old figure would say that all is well. */
  last: { readonly bytes: number; readonly bytesMax: number | null } | null = null;

  constructor(connection: NatsConnection, region: string) {
    this.#streams = new Streams(connection);
    this.#stream = telemetryStream(region);
  }

  /** Looks again and again until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.last = await this.#streams.state(this.#stream).catch(() => null);
      await sleep(LOOK_EVERY_MS, signal);
    }
  }
}
