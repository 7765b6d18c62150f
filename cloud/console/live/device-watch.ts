// Devices as the console knows them: those that are registered, and those that were heard on the live lane.
//
// W1. Every registered device is known; of those that were only heard, the last HEARD_MAX.
// W2. A device is told of as new once, when it is first heard.
import { type Device, checkDevice } from "../../../contracts/device.ts";
import type { ReadingRow, ReadingsDigest } from "../../../contracts/messages/live.ts";
import { DEVICES_BUCKET } from "../../../contracts/names/subjects.ts";
import { PRESENCE_CONTRACT } from "../../../contracts/schema/gateway-contracts.ts";
import type { NatsConnection } from "../../../platform/nats/client/connection.ts";
import { followBucket } from "../../../platform/nats/client/follow-bucket.ts";
import { jsonOf } from "../../../platform/nats/client/payload.ts";
import type { Logger } from "../../../platform/runtime/logger.ts";
import { DeviceSkews } from "../../aggregator/latency/device-skews.ts";
import { withoutHashes } from "../../operations/devices/change.ts";

/** Devices whose last values are remembered. */
const HEARD_MAX = 50_000;
/** Contracts whose last reading is remembered of each. */
const CONTRACTS_MAX = 16;
/** A list of ids is made again at most this often. */
const SORTED_FOR_MS = 1_000;

export type RegisteredDevice = ReturnType<typeof withoutHashes>;

/** The last reading of a device under one contract. */
export interface LastReading {
  readonly contract: string;
  readonly version: number;
  readonly tsMs: number;
  readonly receivedMs: number;
  readonly topic: string | null;
  readonly mapping: string | null;
  readonly values: unknown;
}

export interface HeardDevice {
  readonly region: string;
  readonly gateway: string;
  readonly lastMs: number;
  /** Time by which its clock is behind, ms; 0 if it is right, null until a reading of its own is heard. */
  readonly skewMs: number | null;
  readonly readings: ReadonlyMap<string, LastReading>;
}

export interface KnownDevice {
  readonly id: string;
  readonly registered: RegisteredDevice | null;
  readonly heard: HeardDevice | null;
}

export interface DeviceQuery {
  readonly search?: string;
  readonly region?: string;
  readonly after?: string;
  readonly limit: number;
}

export class DeviceWatch {
  readonly #registered = new Map<string, RegisteredDevice>();
  readonly #heard = new Map<string, HeardDevice>();
  readonly #skews = new DeviceSkews();
  readonly #tell: (news: { device: string; region: string; contract: string }) => void;
  #sorted: { atMs: number; ids: readonly string[] } = { atMs: -Infinity, ids: [] };

  /** @param tell told of each device that is heard for the first time. */
  constructor(tell: (news: { device: string; region: string; contract: string }) => void) {
    this.#tell = tell;
  }

  /** Knows every registered device once it resolves, and follows their changes until `signal` aborts. */
  follow(of: { connection: NatsConnection; logger: Logger }, signal: AbortSignal): Promise<void> {
    const apply = ({ subject, data }: { subject: string; data: Uint8Array }): string | null => {
      if (data.length === 0) return null; // Devices are revoked, not deleted.
      const device = checkDevice(jsonOf<Device>(data));
      this.#registered.set(device.id, withoutHashes(device));
      return subject === "" ? "has no key" : null;
    };
    return followBucket({ ...of, bucket: DEVICES_BUCKET }, apply, signal);
  }

  /** A record that the console has just written, before it comes back from the bucket. */
  put(device: Device): void {
    this.#registered.set(device.id, withoutHashes(device));
    this.#sorted = { atMs: -Infinity, ids: [] };
  }

  /** Takes what a gateway of a region heard in the last second. */
  take(region: string, { gateway, rows }: ReadingsDigest): void {
    for (const row of rows) this.#takeRow({ region, gateway }, row);
  }

  #takeRow({ region, gateway }: { region: string; gateway: string }, row: ReadingRow): void {
    const [device, contract, version, tsMs, receivedMs, topic, mapping, values] = row;
    const before = this.#heard.get(device);
    const readings = new Map(before?.readings);
    readings.delete(contract);
    readings.set(contract, { contract, version, tsMs, receivedMs, topic, mapping, values });
    if (readings.size > CONTRACTS_MAX) readings.delete(readings.keys().next().value!);
    const isOwn = contract !== PRESENCE_CONTRACT;
    const skewMs = isOwn ? this.#skews.observe(device, tsMs, receivedMs) : (before?.skewMs ?? null);
    this.#heard.delete(device);
    this.#heard.set(device, { region, gateway, lastMs: receivedMs, skewMs, readings });
    if (this.#heard.size > HEARD_MAX) this.#heard.delete(this.#heard.keys().next().value!); // W1
    if (!before) this.#tell({ device, region, contract }); // W2
  }

  /** Null for a device that is neither registered nor was ever heard. */
  get(id: string): KnownDevice | null {
    const registered = this.#registered.get(id) ?? null;
    const heard = this.#heard.get(id) ?? null;
    return registered || heard ? { id, registered, heard } : null;
  }

  /** One page in the order of ids; `next` is the id to go on after, null at the end. */
  page({ search = "", region, after = "", limit }: DeviceQuery): {
    devices: KnownDevice[];
    next: string | null;
  } {
    const wanted = search.toLowerCase();
    const devices: KnownDevice[] = [];
    for (const id of this.#ids()) {
      if (id <= after || !id.toLowerCase().includes(wanted)) continue;
      const device = this.get(id)!;
      if (region !== undefined && device.heard?.region !== region) continue;
      if (devices.length === limit) return { devices, next: devices.at(-1)!.id };
      devices.push(device);
    }
    return { devices, next: null };
  }

  /** The number of devices that are registered, and of those that were heard. */
  get counts(): { registered: number; heard: number } {
    return { registered: this.#registered.size, heard: this.#heard.size };
  }

  /** The number of devices whose last reading of a contract has each version: `climate v2`. */
  get senders(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { readings } of this.#heard.values())
      for (const { contract, version } of readings.values()) {
        const key = `${contract} v${version}`;
        counts[key] = (counts[key] ?? 0) + 1;
      }
    return counts;
  }

  #ids(): readonly string[] {
    const nowMs = performance.now();
    if (nowMs - this.#sorted.atMs > SORTED_FOR_MS) {
      const ids = new Set([...this.#registered.keys(), ...this.#heard.keys()]);
      this.#sorted = { atMs: nowMs, ids: [...ids].sort() };
    }
    return this.#sorted.ids;
  }
}
