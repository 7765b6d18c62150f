// The bound on how fast a device adds series to the store, where each stays in the index for good (pure).
//
// G1. A device adds `burst` series of one contract at once, then `perHour` of them. One that it named within
//     the last day adds nothing; it is forgotten after two.
// G2. What is remembered is bounded by `namesMax`. Past it the generation ends early, and with it what devices
//     have used up: then more is let through, never less. A restart does the same.

const GENERATION_MS = 24 * 3_600_000;
const HOUR_MS = 3_600_000;
/** Names of one generation; both together are some 80 MB. */
const NAMES_MAX = 1_000_000;

/** One device of one contract. */
interface Device {
  /** Hashes of what it named in this generation. */
  readonly names: Set<number>;
  tokens: number;
  atMs: number;
}

export class SeriesGrowth {
  readonly #bounds: { readonly burst: number; readonly perHour: number };
  readonly #namesMax: number;
  #now = new Map<string, Device>();
  #before = new Map<string, Device>();
  #names = 0;
  #untilMs: number;

  constructor(bounds: { burst: number; perHour: number }, nowMs: number, namesMax = NAMES_MAX) {
    this.#bounds = bounds;
    this.#namesMax = namesMax;
    this.#untilMs = nowMs + GENERATION_MS;
  }

  /** False if the device may add no series now, and this one is new. */
  admits(device: string, series: string, nowMs: number): boolean {
    this.#rotateIfDue(nowMs);
    const before = this.#before.get(device);
    const at = this.#now.get(device) ?? this.#begin(device, before, nowMs);
    const name = hashOf(series);
    if (at.names.has(name)) return true;
    if (before?.names.has(name) !== true && !this.#take(at, nowMs)) return false;
    at.names.add(name);
    this.#names++;
    return true;
  }

  #begin(name: string, before: Device | undefined, nowMs: number): Device {
    const { tokens, atMs } = before ?? { tokens: this.#bounds.burst, atMs: nowMs };
    const device = { names: new Set<number>(), tokens, atMs };
    this.#now.set(name, device);
    return device;
  }

  #take(device: Device, nowMs: number): boolean {
    const { burst, perHour } = this.#bounds;
    const earned = ((nowMs - device.atMs) / HOUR_MS) * perHour;
    device.tokens = Math.min(burst, device.tokens + earned);
    device.atMs = nowMs;
    if (device.tokens < 1) return false;
    device.tokens -= 1;
    return true;
  }

  #rotateIfDue(nowMs: number): void {
    const isFull = this.#names >= this.#namesMax;
    if (nowMs < this.#untilMs && !isFull) return;
    // After a pause of a whole generation nothing of before counts.
    const isOver = nowMs >= this.#untilMs + GENERATION_MS;
    this.#before = isOver ? new Map<string, Device>() : this.#now;
    if (isFull) for (const device of this.#before.values()) device.tokens = this.#bounds.burst; // G2
    this.#now = new Map();
    this.#names = 0;
    this.#untilMs = nowMs + GENERATION_MS;
  }
}

/** Two FNV-1a hashes of 32 and 21 bits in one number: one name in a million billions is taken for another. */
function hashOf(text: string): number {
  let [high, low] = [0x811c9dc5, 0xc2b2ae35];
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    high = Math.imul(high ^ code, 0x01000193);
    low = Math.imul(low ^ code, 0x85ebca6b);
  }
  return (high >>> 11) * 0x1_0000_0000 + (low >>> 0);
}
