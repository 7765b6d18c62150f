// Whether a frame of one lane waited behind an outage of the WAN (pure): what was stored while the link was
// down, what was on its way when it went down, and what queued up behind that.
import { type Outage, hasCrossed, isDuring } from "../../link/link-history.ts";

/** A frame that waited less than this has no queue before it. */
const WAITED_MS = 2_000;

export class OutageQueue {
  #draining = false;

  /** Asked about the frames of a lane in order. @param storeMs when its region stored it. */
  isBehind(outages: readonly Outage[], storeMs: number, arrivedMs: number): boolean {
    if (isDuring(outages, storeMs)) this.#draining = true;
    else if (arrivedMs - storeMs < WAITED_MS) this.#draining = false;
    else if (hasCrossed(outages, storeMs, arrivedMs)) this.#draining = true;
    return this.#draining;
  }
}
