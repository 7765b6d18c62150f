// Watches the links between the hub and its regions, by what the hub's mirrors of their logs have heard.
import { telemetryStream } from "../../contracts/names/subjects.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { sleep } from "../../platform/runtime/backoff.ts";
import { dispositionOf } from "../../platform/runtime/errors.ts";
import { LinkHistory, type LinkSample, type LinkState } from "./link-history.ts";

const ASK_EVERY_MS = 1_000;
const ANSWER_WITHIN_MS = 2_000;

export class LinkWatch {
  readonly #streams: Streams;
  readonly #links: ReadonlyMap<string, LinkHistory>;
  readonly #onSample: (region: string, sample: LinkSample) => void;

  /**
   * @param hub a connection to the hub's server that may read the state of the mirrors.
   * @param on.sample told of each answer about a mirror.
   */
  constructor(
    hub: NatsConnection,
    regions: readonly string[],
    on: { readonly sample?: (region: string, sample: LinkSample) => void } = {},
  ) {
    this.#streams = new Streams(hub, { timeoutMs: ANSWER_WITHIN_MS });
    this.#links = new Map(regions.map((region) => [region, new LinkHistory()]));
    this.#onSample = on.sample ?? (() => undefined);
  }

  /** Null until the hub has answered once. */
  state(region: string): LinkState | null {
    return this.#links.get(region)?.state ?? null;
  }

  /** Asks once a second until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await Promise.all([...this.#links].map(([region, link]) => this.#look(region, link)));
      await sleep(ASK_EVERY_MS, signal);
    }
  }

  async #look(region: string, link: LinkHistory): Promise<void> {
    const sample = await this.#sample(region);
    if (sample === null) return;
    link.observe(sample);
    this.#onSample(region, sample);
  }

  /** Null while there is no answer or no copy (link-history.ts/K3). */
  async #sample(region: string): Promise<LinkSample | null> {
    try {
      const state = await this.#streams.find(telemetryStream(region));
      if (!state?.mirror) return null;
      return { atMs: Date.now(), heardMs: state.mirror.heardMs, lastSeq: state.lastSeq };
    } catch (error) {
      if (dispositionOf(error) !== "retry") throw error;
      return null;
    }
  }
}
