// Counts the points that a stretch of the log should be in the sink, by contract and field. Pure.
//
// C1. A point is counted once, by what makes it one point in the sink: contract, series and time; where
//     the device gave no time, by its identity, because each repeat has another time of arrival.
import type { Contract } from "../../contracts/schema/contract.ts";
import type { FrameReading } from "../../contracts/messages/frame.ts";
import { eventTimeMs, identityOf, slotOf } from "../../contracts/messages/reading.ts";

/** Readings and, of those, how many hold each field. */
export interface PointCount {
  readings: number;
  readonly fields: Map<string, number>;
}

const SLOTS = 1_000_000;

export class LogCount {
  readonly #fromMs: number;
  readonly #toMs: number;
  /** Contract → device → what was counted. */
  readonly #seen = new Map<string, Map<string, Set<number | string>>>();
  readonly counts = new Map<string, PointCount>();

  /** Counts readings that happened in `[fromMs, toMs)`. */
  constructor(fromMs: number, toMs: number) {
    this.#fromMs = fromMs;
    this.#toMs = toMs;
  }

  add(contract: Contract, reading: FrameReading): void {
    const { payload, receivedAtMs } = reading;
    const eventMs = Math.floor(eventTimeMs(contract, payload, receivedAtMs));
    if (!(eventMs >= this.#fromMs && eventMs < this.#toMs)) return;
    if (!this.#isNew(contract, reading, eventMs)) return; // C1
    let count = this.counts.get(contract.name);
    if (!count) this.counts.set(contract.name, (count = { readings: 0, fields: new Map() }));
    count.readings += 1;
    for (const { name } of contract.fields) {
      const value = payload[name];
      if (value === undefined || value === null) continue;
      count.fields.set(name, (count.fields.get(name) ?? 0) + 1);
    }
  }

  #isNew(contract: Contract, { payload, device }: FrameReading, eventMs: number): boolean {
    let devices = this.#seen.get(contract.name);
    if (!devices)
      this.#seen.set(contract.name, (devices = new Map<string, Set<number | string>>()));
    let seen = devices.get(device);
    if (!seen) devices.set(device, (seen = new Set()));
    const timed =
      contract.timeProperty !== undefined && payload[contract.timeProperty] !== undefined;
    const key = timed
      ? (eventMs - this.#fromMs) * SLOTS + slotOf(contract, payload)
      : (identityOf(contract, device, payload) ?? seen.size);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  }
}
