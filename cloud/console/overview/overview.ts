// Facts about the hub's copies of the regions' logs, once a second.
import { telemetryStream } from "../../../contracts/names/subjects.ts";
import type { NatsConnection } from "../../../platform/nats/client/connection.ts";
import { Streams } from "../../../platform/nats/client/streams.ts";
import { sleep } from "../../../platform/runtime/backoff.ts";

const EVERY_MS = 1_000;
const ANSWER_WITHIN_MS = 2_000;

export interface RegionOverview {
  readonly region: string;
  /** Null if the hub's nats-server does not say. */
  readonly hubCopy: {
    readonly firstSeq: number;
    readonly lastSeq: number;
    readonly bytes: number;
    /** Messages that it lacks, as far as it knows; null if it never heard of its origin. */
    readonly lag: number | null;
    /** Time since its origin was heard, ms. */
    readonly heardMs: number | null;
  } | null;
}

export interface Overview {
  readonly atMs: number;
  readonly regions: readonly RegionOverview[];
}

const finite = (value: number | undefined): number | null =>
  value !== undefined && Number.isFinite(value) ? value : null;

export class OverviewWatch {
  readonly #streams: Streams;
  readonly #regions: readonly string[];
  readonly #tell: (overview: Overview) => void;
  latest: Overview | null = null;

  constructor(of: {
    connection: NatsConnection;
    regions: readonly string[];
    tell: (overview: Overview) => void;
  }) {
    this.#streams = new Streams(of.connection, { timeoutMs: ANSWER_WITHIN_MS });
    this.#regions = of.regions;
    this.#tell = of.tell;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const regions = await Promise.all(this.#regions.map((region) => this.#region(region)));
      this.latest = { atMs: Date.now(), regions };
      this.#tell(this.latest);
      await sleep(EVERY_MS, signal);
    }
  }

  async #region(region: string): Promise<RegionOverview> {
    try {
      const { firstSeq, lastSeq, bytes, mirror } = await this.#streams.state(
        telemetryStream(region),
      );
      const lag = finite(mirror?.lag);
      return {
        region,
        hubCopy: { firstSeq, lastSeq, bytes, lag, heardMs: finite(mirror?.heardMs) },
      };
    } catch {
      return { region, hubCopy: null };
    }
  }
}
