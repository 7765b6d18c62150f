// Devices that begin to count anew (pure): news for people, nothing is decided by it.
import type { FrameReading } from "../../contracts/messages/frame.ts";
import type { SequenceRestartCounts } from "../../contracts/messages/status.ts";
import type { Contract } from "../../contracts/schema/contract.ts";

/** Devices of one contract and lane whose newest sequence is known; past them all are forgotten. */
const DEVICES_MAX = 50_000;
/** A reading this far behind the newest one may have been overtaken on its way. */
const OVERTAKEN_MAX = 100;
/** Devices shown: those that restarted last. */
const SHOWN_MAX = 100;

interface Newest {
  sequence: number;
  eventMs: number;
}

/** The newest sequence of each device of a lane. */
export class SequenceRestarts {
  readonly #contracts = new Map<string, Map<string, Newest>>();

  /**
   * True if the device of a reading that is no repeat began to count anew: its sequence stepped back though
   * its time did not, to the beginning or further than a reading is overtaken.
   */
  began(contract: Contract, { device, payload }: FrameReading, eventMs: number): boolean {
    const sequence =
      contract.identity === "sequence" ? payload[contract.sequenceProperty!] : undefined;
    if (typeof sequence !== "number") return false;
    let devices = this.#contracts.get(contract.name);
    if (!devices) this.#contracts.set(contract.name, (devices = new Map<string, Newest>()));
    const newest = devices.get(device);
    if (!newest) {
      if (devices.size >= DEVICES_MAX) devices.clear();
      devices.set(device, { sequence, eventMs });
      return false;
    }
    const isBack = sequence <= newest.sequence;
    if (isBack && (eventMs < newest.eventMs || !isRestart(sequence, newest))) return false;
    newest.sequence = sequence;
    newest.eventMs = eventMs;
    return isBack;
  }
}

const isRestart = (sequence: number, newest: Newest): boolean =>
  sequence <= 1 || sequence < newest.sequence - OVERTAKEN_MAX;

/** Counts how often devices began to count anew. */
export class RestartCounts {
  readonly #devices = new Map<string, number>();
  #total = 0;

  add(device: string): void {
    const count = (this.#devices.get(device) ?? 0) + 1;
    this.#total += 1;
    this.#devices.delete(device);
    this.#devices.set(device, count);
    if (this.#devices.size > SHOWN_MAX) this.#devices.delete(this.#devices.keys().next().value!);
  }

  get shown(): SequenceRestartCounts {
    return { total: this.#total, devices: Object.fromEntries(this.#devices) };
  }
}
