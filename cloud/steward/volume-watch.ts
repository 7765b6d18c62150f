// Volumes of the hub and of every region over time: how fast they grow, and when they are full.
//
// Q1. What was seen outlives the steward: bucket `positions` has it. What cannot be saved is seen anew after a start.
// Q2. An alert is raised a week before a volume is full, and resolved when there are nine days: it does not flap.
import {
  type LinkVolume,
  type VolumeForecast,
  type VolumeSize,
} from "../../contracts/messages/status.ts";
import { POSITIONS_BUCKET, volumeKey } from "../../contracts/names/subjects.ts";
import { Bucket } from "../../platform/nats/client/bucket.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { jsonOf } from "../../platform/nats/client/payload.ts";
import type { HeardProcess } from "../../platform/nats/live/live-view.ts";
import { HUB } from "../../platform/nats/topology/topology.ts";
import { messageOf } from "../../platform/runtime/errors.ts";
import type { Logger } from "../../platform/runtime/logger.ts";
import type { HubAlerts } from "../hub-alerts.ts";
import { statusesOf } from "../insight/facts.ts";
import { FULL_SOON_MS, filling } from "../insight/volumes/filling.ts";
import { Growth, Odometer, type Sample } from "../insight/volumes/growth.ts";

export const FILLING_RULE = "disk_filling";
const RESOLVED_AFTER_MS = FULL_SOON_MS * (9 / 7); // Q2
const SAVE_EVERY_MS = 5 * 60_000;
const ANSWER_WITHIN_MS = 5_000;
/** The bytes over the link of a region, among its volumes. */
const LINK = "link";

export interface VolumeWatchParts {
  readonly connection: NatsConnection;
  /** Those that this process measures. */
  readonly own: () => readonly VolumeSize[];
  readonly processes: () => readonly HeardProcess[];
  readonly alerts: Pick<HubAlerts, "set" | "openKeys">;
  readonly logger: Logger;
}

interface Watched {
  readonly growth: Growth;
  readonly odometer: Odometer;
  size: VolumeSize | null;
}

export class VolumeWatch {
  readonly #parts: VolumeWatchParts;
  readonly #watched = new Map<string, Watched & { readonly domain: string }>();
  readonly #open = new Set<string>();
  #isLoaded = false;
  #savedMs = -Infinity;

  constructor(parts: VolumeWatchParts) {
    this.#parts = parts;
  }

  get volumes(): VolumeForecast[] {
    return [...this.#watched.values()].flatMap(({ domain, growth, size }) =>
      size === null
        ? []
        : {
            ...{ domain, ...size, bytesPerDay: rounded(growth.bytesPerDay) },
            fullInMs: growth.fullInMs(size.freeBytes),
          },
    );
  }

  get links(): LinkVolume[] {
    return [...this.#watched.values()].flatMap(({ domain, growth, size }) =>
      size === null ? { region: domain, bytesPerDay: rounded(growth.bytesPerDay) } : [],
    );
  }

  /** Measures once; to be called about once a minute. @throws AppError (retry) if alerts cannot be written. */
  async look(nowMs: number): Promise<void> {
    const { own, processes, alerts } = this.#parts;
    if (!this.#isLoaded) for (const key of await alerts.openKeys(FILLING_RULE)) this.#open.add(key);
    this.#isLoaded = true;
    for (const size of own()) await this.#observe(HUB, size, nowMs);
    const engines = statusesOf({ processes: processes(), atMs: nowMs }, "alerting");
    for (const { region, volumes = [], linkBytes = null } of engines) {
      for (const size of volumes) await this.#observe(region, size, nowMs);
      if (linkBytes !== null) {
        const { growth, odometer } = await this.#of(region, LINK);
        growth.observe(nowMs, odometer.read(linkBytes));
      }
    }
    for (const volume of this.volumes) await this.#tell(volume, nowMs);
    if (nowMs - this.#savedMs >= SAVE_EVERY_MS) await this.#save(nowMs);
  }

  async #observe(domain: string, size: VolumeSize, nowMs: number): Promise<void> {
    const watched = await this.#of(domain, size.name);
    watched.size = size;
    watched.growth.observe(nowMs, size.usedBytes);
  }

  async #of(domain: string, name: string) {
    const key = volumeKey(domain, name);
    const known = this.#watched.get(key);
    if (known) return known;
    const samples = await this.#load(key);
    const odometer = new Odometer(samples.at(-1)?.[1] ?? 0);
    const watched = {
      domain,
      growth: new Growth(samples),
      odometer,
      size: null as VolumeSize | null,
    };
    this.#watched.set(key, watched);
    return watched;
  }

  async #tell(volume: VolumeForecast, nowMs: number): Promise<void> {
    const key = `${volume.domain} ${volume.name}`;
    const isOpen = this.#open.has(key);
    const { fullInMs } = volume;
    const holds = fullInMs !== null && fullInMs < (isOpen ? RESOLVED_AFTER_MS : FULL_SOON_MS);
    if (holds === isOpen) return;
    const message = fullInMs === null ? "it does not fill up any more" : filling(volume, fullInMs);
    const value = Math.round((fullInMs ?? 0) / 3_600_000);
    const condition = { rule: FILLING_RULE, key, holds, value, message, atMs: nowMs };
    await this.#parts.alerts.set(condition);
    if (holds) this.#open.add(key);
    else this.#open.delete(key);
  }

  /** Empty for what is no samples: it is seen anew (Q1). */
  async #load(key: string): Promise<readonly Sample[]> {
    const bucket = await this.#bucket();
    const record = await bucket.get(key);
    try {
      const samples = record?.data ? jsonOf<unknown>(record.data) : [];
      return Array.isArray(samples) && samples.every(isSample) ? samples : [];
    } catch {
      return [];
    }
  }

  async #save(nowMs: number): Promise<void> {
    this.#savedMs = nowMs;
    try {
      const bucket = await this.#bucket();
      for (const [key, { growth }] of this.#watched)
        await bucket.put(key, JSON.stringify(growth.samples));
    } catch (error) {
      // A server whose configuration is older does not let it (Q1).
      this.#parts.logger.warn(`the growth of disks is not saved: ${messageOf(error)}`);
    }
  }

  #bucket(): Promise<Bucket> {
    return Bucket.open(this.#parts.connection, POSITIONS_BUCKET, { timeoutMs: ANSWER_WITHIN_MS });
  }
}

const isSample = (one: unknown): one is Sample =>
  Array.isArray(one) && one.length === 2 && one.every((part) => Number.isFinite(part));

const rounded = (bytes: number | null): number | null =>
  bytes === null ? null : Math.round(bytes);
