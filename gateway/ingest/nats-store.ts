import { type JetStreamClient, type JetStreamManager, type NatsConnection } from "nats";
import type { Reject } from "../../contracts/reject.ts";
import { rejectSubject, telemetryStream, telemetrySubject } from "../../contracts/subjects.ts";
import { streamConfig } from "../../infra/nats/topology.ts";
import { publishUntilStored } from "../../infra/nats/publish.ts";
import { StreamPublisher } from "../../infra/nats/stream-publisher.ts";
import { sleep } from "../../infra/runtime/backoff.ts";
import { AppError } from "../../infra/runtime/errors.ts";
import type { FrameStore } from "./commit-log.ts";

export const natsFrameStore = (connection: NatsConnection, region: string): FrameStore => {
  const publisher = new StreamPublisher(connection);
  return {
    publish: (partition, data, messageId) =>
      publisher.publish({ subject: telemetrySubject(region, partition), data, messageId }),
  };
};

/** Stores rejects one by one, each under its own id, and tries until it is stored. */
export class RejectLog {
  readonly #jetstream: JetStreamClient;
  readonly #region: string;
  readonly #idPrefix: string;
  #n = 0;
  #stored = 0;

  constructor(connection: NatsConnection, region: string, idPrefix: string) {
    this.#jetstream = connection.jetstream();
    this.#region = region;
    this.#idPrefix = idPrefix;
  }

  /** Rejects stored since the start. */
  get stored(): number {
    return this.#stored;
  }

  /**
   * Resolves once the reject is stored; rejects only if `signal` aborts first.
   * @param knownId for what may be stored twice, also by another process: an id of its own.
   */
  async append(reject: Reject, signal: AbortSignal, knownId?: string): Promise<void> {
    const subject = rejectSubject({ region: this.#region, ...reject });
    const data = Buffer.from(JSON.stringify(reject));
    const messageId = knownId ?? `${this.#idPrefix}:reject:${(this.#n += 1)}`;
    await publishUntilStored(this.#jetstream, { subject, data, messageId }, signal);
    this.#stored += 1;
  }
}

/**
 * Waits for the region's log and checks that it was created with our number of partitions: another
 * number would spread one series over two lanes.
 * @throws AppError `LOG_MISCONFIGURED`.
 */
export async function checkLog(
  manager: JetStreamManager,
  log: { region: string; partitions: number },
  signal: AbortSignal,
): Promise<void> {
  const stream = telemetryStream(log.region);
  while (!signal.aborted) {
    const config = await streamConfig(manager, stream).catch(() => null);
    if (config && config.subjects.length !== log.partitions)
      throw new AppError(
        "LOG_MISCONFIGURED",
        "fatal",
        `${stream} has ${config.subjects.length} partitions, this gateway is configured for ${log.partitions}`,
      );
    if (config) return;
    await sleep(200, signal);
  }
}
