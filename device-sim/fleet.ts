// The fleet: every device makes readings at its pace, sends them, and writes down each PUBACK.
//
// F1. A device's sequence numbers rise strictly, also over kill -9 and restart: they start at the
//     clock's milliseconds and rise by one per reading, slower than the clock (DEVICE_RATE_MAX).
// F2. With send times, a device's event times rise strictly: a machine's readings are known by them.
// F3. With kept times no row is left out or repeated: a device that may not send waits, and at its
//     last row it stops.
// F4. A device whose buffer is full makes no readings, and afterwards makes up for one second.
// F5. A region that is away does not slow the others down.
// F6. Devices that misbehave on purpose (misbehaviour.ts) are rooms, whose readings are known by their
//     sequence; their wrong clocks do not count for F2.
import { identityOf, slotOf } from "../contracts/messages/identity.ts";
import { contentHash } from "../contracts/messages/reading.ts";
import type { SimulatorStatus } from "../contracts/messages/status.ts";
import { telemetryTopic } from "../contracts/names/topics.ts";
import { SCHEMAS_DIRECTORY, loadCatalog } from "../contracts/schema/catalog.ts";
import type { Contract } from "../contracts/schema/contract.ts";
import type { Logger } from "../platform/runtime/logger.ts";
import { ATTRIBUTES, SPANS } from "../otel/names.ts";
import type { Tracing } from "../otel/tracing.ts";
import type { LedgerEntry } from "./ledger.ts";
import { type Link, REFUSED_FROM } from "./mqtt-link.ts";
import { misbehaviourOf } from "./misbehaviour.ts";
import { type Pace, nextSlot, slotsDue } from "./pacing.ts";
import type { DeviceSpec } from "./device-specs.ts";
import { type ContractName, type Row, payloadOf } from "./replay.ts";

/** Readings per second of one device; half of what F1 could bear. */
export const DEVICE_RATE_MAX = 500;

export interface FleetStatus extends SimulatorStatus {
  /** PUBACKs with a reason code of 0x80 or above: not in the ledger. */
  readonly rejected: number;
  /** Readings that were due and never made, because the device's buffer was full. */
  readonly skipped: number;
  /** True once, with kept times, all rows of all devices are acknowledged. */
  readonly finished: boolean;
}

export interface FleetSpec {
  readonly devices: readonly DeviceSpec[];
  readonly recordings: Readonly<Record<ContractName, readonly Row[]>>;
  /** Readings per second of the whole fleet. */
  readonly rate: number;
  readonly keepTimes: boolean;
  /** Every so many readings a device repeats one and has a wrong clock for some; 0: never. */
  readonly misbehaveEvery: number;
}

export interface FleetParts {
  readonly linkOf: (device: DeviceSpec) => Link;
  readonly ledger: { add(entry: LedgerEntry): void };
  readonly tracing: Tracing;
  readonly logger: Logger;
  /** Epoch milliseconds: the devices' clock. */
  readonly nowMs: () => number;
}

interface Device {
  readonly specified: DeviceSpec;
  readonly contract: Contract;
  readonly topic: string;
  readonly rows: readonly Row[];
  readonly pace: Pace;
  readonly link: Link;
  readonly region: { acknowledged: number; connected: number };
  /** First slot that was not yet sent; null until the device was connected. */
  sentTo: number | null;
  row: number;
  lastTs: number;
  nextSeq: number;
}

export class Fleet {
  readonly #keepTimes: boolean;
  readonly #misbehaveEvery: number;
  readonly #parts: FleetParts;
  readonly #devices: readonly Device[];
  readonly #regions: Record<string, { acknowledged: number; connected: number }> = {};
  readonly #refusals = new Set<string>();
  #acknowledged = 0;
  #acknowledgedMs: number | null = null;
  #rejected = 0;
  #skipped = 0;

  constructor(spec: FleetSpec, parts: FleetParts) {
    this.#keepTimes = spec.keepTimes;
    this.#misbehaveEvery = spec.misbehaveEvery;
    this.#parts = parts;
    const firstSeq = parts.nowMs(); // F1
    const intervalMs = (1000 * spec.devices.length) / spec.rate;
    const catalog = loadCatalog(SCHEMAS_DIRECTORY);
    this.#devices = spec.devices.map((specified, at) => ({
      specified,
      contract: catalog.versions(specified.contract)[0]!,
      topic: telemetryTopic(specified.device, specified.contract),
      rows: spec.recordings[specified.contract],
      pace: { intervalMs, phase: at / spec.devices.length },
      link: parts.linkOf(specified),
      region: (this.#regions[specified.gateway.region] ??= { acknowledged: 0, connected: 0 }),
      sentTo: null,
      row: specified.startRow,
      lastTs: 0,
      nextSeq: firstSeq,
    }));
  }

  /** True once every device has been connected. */
  get ready(): boolean {
    return this.#devices.every(({ link }) => link.connectedOnce);
  }

  /** Time for which no reading has been acknowledged although some wait for it, ms; 0 while none waits. */
  silentMs(nowMs: number): number {
    return this.#acknowledgedMs === null || this.unanswered === 0
      ? 0
      : Math.max(0, nowMs - this.#acknowledgedMs);
  }

  get unanswered(): number {
    return this.#devices.reduce((sum, { link }) => sum + link.unanswered, 0);
  }

  status(): FleetStatus {
    const inFlight = this.unanswered;
    for (const region of Object.values(this.#regions)) region.connected = 0;
    for (const { link, region } of this.#devices) region.connected += link.connected ? 1 : 0;
    return {
      process: "simulator",
      acknowledged: this.#acknowledged,
      inFlight,
      rejected: this.#rejected,
      skipped: this.#skipped,
      finished: inFlight === 0 && this.#devices.every((device) => this.#atEnd(device)),
      regions: this.#regions,
    };
  }

  connect(): void {
    for (const { link } of this.#devices) link.open();
  }

  /**
   * Makes and sends what is due. A device begins when it is first connected (F5).
   * @param elapsedMs since the start, by a clock that never goes back.
   */
  tick(elapsedMs: number): void {
    for (const device of this.#devices) {
      const due = slotsDue(device.pace, elapsedMs);
      if (device.sentTo === null) {
        if (device.link.connectedOnce) device.sentTo = due;
        continue;
      }
      let slot = nextSlot(device.pace, device.sentTo, elapsedMs); // F4
      if (!this.#keepTimes) this.#skipped += slot - device.sentTo;
      while (slot < due && !device.link.full && !this.#atEnd(device)) {
        this.#sendReading(device);
        slot += 1;
      }
      device.sentTo = slot;
    }
  }

  async disconnect(): Promise<void> {
    await Promise.all(this.#devices.map(({ link }) => link.close()));
  }

  #atEnd({ row, rows }: Device): boolean {
    return this.#keepTimes && row >= rows.length; // F3
  }

  #sendReading(device: Device): void {
    const { specified, topic, rows, link } = device;
    const { tracing, nowMs } = this.#parts;
    const sentMs = nowMs();
    const row = rows[device.row % rows.length]!;
    const made = device.row - specified.startRow;
    const every = specified.contract === "environment" ? this.#misbehaveEvery : 0; // F6
    const { twice, clockMs } = misbehaviourOf(made, every);
    const rightTs = this.#keepTimes ? row.timeMs : Math.max(sentMs, device.lastTs + 1); // F2
    const ts = rightTs + clockMs;
    const seq = device.nextSeq;
    device.row += 1;
    device.nextSeq += 1;
    device.lastTs = rightTs;
    const payload = payloadOf(specified.contract, row, { ts, seq });
    const span = tracing.sample(null)
      ? tracing.start({
          name: SPANS.publish,
          parent: null,
          startMs: sentMs,
          kind: "producer",
          attributes: {
            [ATTRIBUTES.protocol]: "mqtt",
            [ATTRIBUTES.operationType]: "send",
            [ATTRIBUTES.destination]: topic,
            [ATTRIBUTES.client]: specified.device,
          },
        })
      : null;
    const text = JSON.stringify(payload);
    if (twice) link.publish({ topic, payload: text, traceparent: null, answered: () => undefined });
    link.publish({
      topic,
      payload: text,
      traceparent: span?.traceparent ?? null,
      answered: (reasonCode) => {
        const ackedMs = nowMs();
        span?.end(ackedMs);
        if (reasonCode >= REFUSED_FROM) return this.#refused(specified, reasonCode);
        this.#acknowledged += 1;
        this.#acknowledgedMs = this.#parts.nowMs();
        device.region.acknowledged += 1;
        this.#parts.ledger.add({
          region: specified.gateway.region,
          device: specified.device,
          contract: specified.contract,
          identity: specified.contract === "environment" ? seq : ts,
          slot: slotOf(identityOf(device.contract, payload, ts), 0),
          ts,
          hash: contentHash(payload),
          sentMs,
          ackedMs,
        });
      },
    });
  }

  /** Logged once per device and code: a gateway that refuses one reading tends to refuse them all. */
  #refused({ device }: DeviceSpec, reasonCode: number): void {
    this.#rejected += 1;
    const key = `${device} ${reasonCode}`;
    if (this.#refusals.has(key)) return;
    this.#refusals.add(key);
    this.#parts.logger.warn({ device, reasonCode }, "the gateway refused a reading");
  }
}
