// Holds the hub's records against what each region has seen of them, and fences the hub if it has lost some.
//
// F1. Everything is compared once for each start of the hub's server and each region, because a store goes back only
//     while its server is down: a region that is cut off is compared when it is back. Between starts a look at the
//     ends is enough, and tells when to look at everything again.
// F2. The copy is read before the hub, so that what is written meanwhile is no difference.
import type { Fence } from "../../contracts/messages/generation.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { fenceOf } from "../../platform/nats/client/fence.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import type { Divergence } from "../../platform/nats/history/divergence.ts";
import {
  beginGeneration,
  generationOf,
  setFence,
} from "../../platform/nats/history/generations.ts";
import { differencesOf, isOfRecords, readRecords } from "../../platform/nats/history/records.ts";
import { BROADCAST_STREAMS } from "../../platform/nats/topology/crossings.ts";
import { sleep } from "../../platform/runtime/backoff.ts";
import { messageOf } from "../../platform/runtime/errors.ts";
import type { Logger } from "../../platform/runtime/logger.ts";
import type { HubAlerts } from "../hub-alerts.ts";
import { count } from "../operations/words.ts";

export const FENCE_RULE = "hub_fenced";

const LOOK_EVERY_MS = 2_000;
/** Time between two looks at the ends of copies that were level. */
const ENDS_EVERY_MS = 60_000;
const ANSWER_WITHIN_MS = 5_000;

export interface FenceParts {
  readonly connection: NatsConnection;
  readonly regions: readonly string[];
  readonly alerts: HubAlerts;
  readonly logger: Logger;
}

export class FenceWatch {
  readonly #parts: FenceParts;
  /** The start of the hub's server at which a region was compared, and when its ends were looked at last. */
  readonly #compared = new Map<string, { server: string; atMs: number }>();
  #fence: Fence | null = null;

  constructor(parts: FenceParts) {
    this.#parts = parts;
  }

  /** The fence as it was seen last. */
  get fence(): Fence | null {
    return this.#fence;
  }

  /** Looks until `signal` aborts; what cannot be asked now is asked again. */
  async run(signal: AbortSignal): Promise<void> {
    const { logger } = this.#parts;
    while (!signal.aborted) {
      try {
        await this.#look();
      } catch (error) {
        logger.info(`the hub's records are not compared: ${messageOf(error)}`);
      }
      await sleep(LOOK_EVERY_MS, signal);
    }
  }

  async #look(): Promise<void> {
    const { connection, regions, alerts, logger } = this.#parts;
    const before = this.#fence;
    this.#fence = await fenceOf(connection);
    if (before && !this.#fence) this.#compared.clear();
    if (!this.#fence) {
      if ((await generationOf(connection)) === null) await beginGeneration(connection, "new");
      for (const region of regions)
        this.#fence ??= await this.#compare(region).catch((error: unknown) => {
          logger.debug({ region }, `the region's copies are not compared: ${messageOf(error)}`);
          return null;
        });
      if (this.#fence) {
        logger.error(this.#fence, "the hub is fenced: npx skerry hub recover");
        await setFence(connection, this.#fence);
      }
    }
    const { region = "", why = "", foundAtMs = Date.now() } = this.#fence ?? before ?? {};
    const what = { rule: FENCE_RULE, key: "hub", severity: "critical", value: 1 } as const;
    const holds = this.#fence !== null;
    const atMs = holds ? foundAtMs : Date.now();
    const message = `${why} (region ${region}): npx skerry hub recover`;
    if (holds || before) await alerts.set({ ...what, holds, atMs, message });
  }

  async #compare(region: string): Promise<Fence | null> {
    const server = this.#parts.connection.info?.server_id ?? "";
    const last = this.#compared.get(region);
    const isSame = last?.server === server;
    const nowMs = performance.now();
    if (isSame && nowMs - last.atMs < ENDS_EVERY_MS) return null;
    if (isSame && !(await this.#endsDiffer(region))) {
      this.#compared.set(region, { server, atMs: nowMs });
      return null;
    }
    const why = await this.#differences(region);
    if (why !== null) return { foundAtMs: Date.now(), region, why };
    this.#compared.set(region, { server, atMs: nowMs });
    return null;
  }

  /** True if the end of a copy says that the two may be of different histories. */
  async #endsDiffer(region: string): Promise<boolean> {
    const { connection } = this.#parts;
    const copies = new Streams(connection, { domain: region, timeoutMs: ANSWER_WITHIN_MS });
    const own = new Streams(connection, { timeoutMs: ANSWER_WITHIN_MS });
    for (const stream of BROADCAST_STREAMS.filter(isOfRecords)) {
      const copy = await copies.find(stream);
      const hub = await own.find(stream);
      if (!copy || !hub) continue;
      if (copy.lastSeq > hub.lastSeq) return true;
      if (copy.lastSeq === hub.lastSeq && copy.messages !== hub.messages) return true;
    }
    return false;
  }

  /** The reason to fence the hub, or null. */
  async #differences(region: string): Promise<string | null> {
    const { connection } = this.#parts;
    for (const stream of BROADCAST_STREAMS.filter(isOfRecords)) {
      const copy = await readRecords(connection, stream, region); // F2
      const hub = await readRecords(connection, stream);
      if (!copy || !hub) continue;
      const found = differencesOf(hub, copy, Date.now());
      if (found) return textOf(region, wordOf(stream), found);
    }
    return null;
  }
}

const wordOf = (stream: string): string => stream.replace(/^KV_/, "").toLowerCase();

function textOf(region: string, what: string, { lost, skipped, ahead }: Divergence): string {
  if (lost > 0)
    return `its store is older than what region ${region} has seen of it, and lacks ${count(lost, "record")} of ${what}`;
  const missed = skipped > 0 ? `${count(skipped, "record")} of ${what} never reach it` : "";
  const next = ahead > 0 ? `the next ${count(ahead, "record")} of ${what} would not reach it` : "";
  const which = [missed, next].filter((text) => text !== "").join(", and ");
  return `its store is older than what region ${region} has seen of it: ${which}`;
}
