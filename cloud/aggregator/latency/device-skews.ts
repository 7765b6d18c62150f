// How far the clocks of devices are off, from when readings happened and when they arrived (pure).
//
// K1. The least of `receivedAt − ts` over a sliding time is skew and the least delay of the network: what is
//     more than the least is delay, and no skew.
// K2. A device that was away has the least of before: what it had buffered is old, and its clock is not.
// K3. Less than SKEW_FROM_MS behind is taken for delay of the network. A clock that is ahead is skew at once,
//     because no reading arrives before it happened.
// K4. At most twice DEVICES_MAX devices are remembered; the ones that were silent longest are forgotten.

/** A clock that is set right is known so after twice this, at the latest. */
const SPAN_MS = 10 * 60_000;
export const SKEW_FROM_MS = 2_000;
export const DEVICES_MAX = 50_000;
/** Devices with a skew that are listed; further ones are corrected all the same. */
const LISTED_MAX = 10_000;

interface Envelope {
  /** The span began with the reading received then. */
  sinceMs: number;
  /** Least difference in the span, and in the one before it. */
  leastMs: number;
  beforeMs: number;
}

export class DeviceSkews {
  #recent = new Map<string, Envelope>();
  #older = new Map<string, Envelope>();
  /** Devices whose clock is off, and by how much. */
  readonly #skewed = new Map<string, number>();
  readonly #devicesMax: number;

  constructor(devicesMax = DEVICES_MAX) {
    this.#devicesMax = devicesMax;
  }

  /** Takes a reading into account; returns by how much its device's clock is behind, ms. */
  observe(device: string, eventMs: number, receivedAtMs: number): number {
    const differenceMs = receivedAtMs - eventMs;
    const envelope = this.#recent.get(device) ?? this.#remember(device, differenceMs, receivedAtMs);
    if (receivedAtMs - envelope.sinceMs >= SPAN_MS) {
      envelope.sinceMs = receivedAtMs;
      envelope.beforeMs = envelope.leastMs;
      envelope.leastMs = differenceMs;
    } else if (differenceMs < envelope.leastMs) envelope.leastMs = differenceMs;
    const skewMs = skewOf(envelope);
    if (skewMs !== 0 || this.#skewed.size > 0) this.#list(device, skewMs);
    return skewMs;
  }

  /** The number of devices whose clock is off, as far as they are listed. */
  get skewed(): number {
    return this.#skewed.size;
  }

  /** Devices whose clock is off, the farthest first, at most `count`. */
  worst(count: number): { readonly device: string; readonly skewMs: number }[] {
    const all = [...this.#skewed].map(([device, skewMs]) => ({ device, skewMs }));
    return all.sort((a, b) => Math.abs(b.skewMs) - Math.abs(a.skewMs)).slice(0, count);
  }

  #remember(device: string, differenceMs: number, receivedAtMs: number): Envelope {
    const known = this.#older.get(device);
    const envelope = known ?? {
      sinceMs: receivedAtMs,
      leastMs: differenceMs,
      beforeMs: differenceMs,
    };
    if (this.#recent.size >= this.#devicesMax) {
      for (const gone of this.#older.keys()) if (!this.#recent.has(gone)) this.#skewed.delete(gone); // K4
      this.#older = this.#recent;
      this.#recent = new Map();
    }
    this.#recent.set(device, envelope);
    return envelope;
  }

  #list(device: string, skewMs: number): void {
    if (skewMs === 0) this.#skewed.delete(device);
    else if (this.#skewed.size < LISTED_MAX || this.#skewed.has(device))
      this.#skewed.set(device, skewMs);
  }
}

function skewOf({ leastMs, beforeMs }: Envelope): number {
  const skewMs = leastMs < beforeMs ? leastMs : beforeMs; // K1, K2
  return skewMs < 0 || skewMs >= SKEW_FROM_MS ? skewMs : 0; // K3
}
