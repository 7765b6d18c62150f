// Counts the points that a stretch of the log should be in the sink, by contract and field. Pure.
//
// C1. A reading is counted once, by its identity: no two readings share a point. One without a time of its own
//     is told from a repeat for as long as the aggregator does (arrivals.ts/R1), so that the minutes before the
//     stretch are looked at, too: the first copy may be there.
// C2. Only what a sink stores is counted, by the same functions.
import type { Contract } from "../../contracts/schema/contract.ts";
import type { FrameReading } from "../../contracts/messages/frame.ts";
import { hasOwnTime, identityOf } from "../../contracts/messages/identity.ts";
import { MINUTE } from "../../contracts/names/measurements.ts";
import { eventTimeMs } from "../../contracts/messages/reading.ts";
import {
  type StoredProperties,
  holdsValue,
  isStorable,
  storedProperties,
} from "../sinks/effects.ts";

/** Readings and, of those, how many hold each field. */
export interface PointCount {
  readings: number;
  readonly fields: Map<string, number>;
}

const MINUTES_BACK = 2;

const windowOf = (eventMs: number): number => Math.floor(eventMs / MINUTE.sizeMs);

export class LogCount {
  readonly #fromMs: number;
  readonly #toMs: number;
  readonly #stored = new Map<Contract, StoredProperties>();
  /** Contract → device → identity → when it was last seen, epoch ms. */
  readonly #seen = new Map<string, Map<string, Map<number, number>>>();
  readonly counts = new Map<string, PointCount>();

  /** Counts readings that happened in `[fromMs, toMs)`. */
  constructor(fromMs: number, toMs: number) {
    this.#fromMs = fromMs;
    this.#toMs = toMs;
  }

  add(contract: Contract, reading: FrameReading): void {
    const { payload, receivedAtMs } = reading;
    const eventMs = Math.floor(eventTimeMs(contract, payload, receivedAtMs));
    const isInside = eventMs >= this.#fromMs && eventMs < this.#toMs;
    if (!isInside && !this.#mayBeFirstCopy(contract, reading, eventMs)) return;
    const stored = this.#storedOf(contract);
    if (!holdsValue(stored, payload)) return; // C2
    if (!this.#isNew(contract, reading, eventMs) || !isInside) return; // C1
    let count = this.counts.get(contract.name);
    if (!count) this.counts.set(contract.name, (count = { readings: 0, fields: new Map() }));
    count.readings += 1;
    for (const { name, type } of stored.fields)
      if (isStorable(type, payload[name]))
        count.fields.set(name, (count.fields.get(name) ?? 0) + 1);
  }

  #mayBeFirstCopy(contract: Contract, { payload }: FrameReading, eventMs: number): boolean {
    const isBefore =
      eventMs >= this.#fromMs - MINUTES_BACK * MINUTE.sizeMs && eventMs < this.#fromMs;
    return isBefore && !hasOwnTime(contract, payload);
  }

  #storedOf(contract: Contract): StoredProperties {
    let stored = this.#stored.get(contract);
    if (!stored) this.#stored.set(contract, (stored = storedProperties(contract)));
    return stored;
  }

  #isNew(contract: Contract, { payload, device }: FrameReading, eventMs: number): boolean {
    const identity = identityOf(contract, payload, eventMs);
    if (Number.isNaN(identity)) return true;
    let devices = this.#seen.get(contract.name);
    if (!devices) this.#seen.set(contract.name, (devices = new Map<string, Map<number, number>>()));
    let seen = devices.get(device);
    if (!seen) devices.set(device, (seen = new Map<number, number>()));
    const lastMs = seen.get(identity);
    seen.set(identity, eventMs);
    if (lastMs === undefined) return true;
    return !hasOwnTime(contract, payload) && windowOf(eventMs) - windowOf(lastMs) > MINUTES_BACK;
  }
}
