// The bound on how many devices without a record a sender speaks of: each is a series in the store for good, so that one
// bridge, or one address of anonymous clients, that makes names up could fill its index (pure: the clock is handed in).
//
// H1. A sender is a record, or an address of anonymous clients, whatever client ids it uses. It names `max` devices
//     at once, then `perHour`; one that it named within the last day adds nothing (series-growth.ts).
// H2. Devices that have a record count for nobody, and so does a sender without a holder, which is the gateway itself.
import { SeriesGrowth } from "./series-growth.ts";
import type { Sender } from "./message.ts";
import type { Fault } from "./time-fault.ts";

/** Default of `max`: more than the connections of a gateway. */
export const UNREGISTERED_DEVICES_MAX = 50_000;
/** Default of `perHour`. */
export const UNREGISTERED_DEVICES_PER_HOUR = 5_000;

export class UnregisteredDevices {
  /** Readings refused. */
  refused = 0;
  readonly #bounds: { readonly max: number; readonly perHour: number };
  readonly #growth: SeriesGrowth;
  readonly #clock: () => number;

  /** @param clock in ms, from anywhere. */
  constructor(bounds: { max: number; perHour: number }, clock: () => number) {
    this.#bounds = bounds;
    this.#growth = new SeriesGrowth({ burst: bounds.max, perHour: bounds.perHour }, clock());
    this.#clock = clock;
  }

  /** Null if the sender may speak of the device, which has no record; it is known then. */
  fault({ holder }: Sender, device: string): Fault | null {
    if (!holder || this.#growth.admits(holder.key, device, this.#clock())) return null; // H2
    this.refused += 1;
    const { max, perHour } = this.#bounds;
    return {
      reason: "too_many_series",
      detail: `${max} new devices, and ${perHour} each hour, of one sender (${holder.key}): register "${device}" (skerry devices add), or send what changes with every reading as a field, not as a device`,
    };
  }
}
