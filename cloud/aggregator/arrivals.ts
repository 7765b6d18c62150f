// Repeats of readings without a time of their own. A device that sends one again after a lost PUBACK
// gets another arrival time for it, so the repeat may fall into a later window than the first copy.
//
// R1. Such a reading is a repeat if its identity was seen in its own window or the WINDOWS_BACK
//     before it. What was seen longer before the watermark than that is never consulted.
// R2. So what a frame is judged by lies in windows that end after `watermark − WINDOWS_BACK windows`,
//     and a position that holds those back makes a replay judge the same.
import type { FrameReading } from "../../contracts/messages/frame.ts";
import type { ContractLayout } from "./contract-layout.ts";
import { hasOwnTime } from "../../contracts/messages/identity.ts";

/** The number of windows after its first copy in which a repeat is still known as one. */
const WINDOWS_BACK = 2;

export class Arrivals {
  readonly #windowMs: number;
  /** Window start → contract and device → identities. */
  readonly #seen = new Map<number, Map<string, Set<number>>>();

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** True if repeats of this reading cannot be told by its window alone. */
  concerns({ contract }: ContractLayout, { payload }: FrameReading): boolean {
    return contract.identity === "sequence" && !hasOwnTime(contract, payload);
  }

  /** The watermark at which a window's readings are no longer consulted, epoch ms (R1). */
  neededUntilMs(startMs: number): number {
    return startMs + (1 + WINDOWS_BACK) * this.#windowMs;
  }

  /** Remembers a reading of the window that starts at `startMs`; false if it is a repeat. */
  add(
    { contract }: ContractLayout,
    { device }: FrameReading,
    identity: number,
    startMs: number,
  ): boolean {
    const series = `${contract.name}\n${device}`;
    let isNew = true;
    for (let back = WINDOWS_BACK; back > 0; back--)
      if (
        this.#seen
          .get(startMs - back * this.#windowMs)
          ?.get(series)
          ?.has(identity)
      )
        isNew = false;
    let window = this.#seen.get(startMs);
    if (!window) {
      window = new Map<string, Set<number>>();
      this.#seen.set(startMs, window);
    }
    let identities = window.get(series);
    if (!identities) {
      identities = new Set();
      window.set(series, identities);
    }
    if (identities.has(identity)) return false;
    identities.add(identity);
    return isNew;
  }

  forget(watermarkMs: number): void {
    for (const startMs of this.#seen.keys())
      if (this.neededUntilMs(startMs) <= watermarkMs) this.#seen.delete(startMs);
  }
}
