// Wall time in a zone → instant (pure).
//
// W1. An hour that a zone has twice, as its clocks go back, is the later of the two, unless that is
//     ahead of the arrival by more than CLOCK_AHEAD_MAX_MS: then it is the earlier. So a reading that is sent
//     at once is right both times; of what is sent later, the earlier hour is taken for the later one.
// W2. An hour that a zone leaves out, as its clocks go forward, is read with the offset before it: a
//     device that has not changed its clock yet is right.

import { CLOCK_AHEAD_MAX_MS } from "./clock-limit.ts";

const BUCKET_MS = 15 * 60_000;
const FIXED = /^([+-])(\d\d):(\d\d)$/;

export class LocalTime {
  /** Ms east of UTC; null in a zone whose offset changes. */
  readonly #fixedMs: number | null;
  readonly #zone: string;
  /** Times of a device come in order: the offset holds for the quarter of an hour that they are in. */
  #bucket = Number.NaN;
  #offsetMs = 0;

  /** @param zone that contracts/mapping-schema.ts takes: an IANA zone, `UTC`, or `+01:00`. */
  constructor(zone: string) {
    this.#zone = zone;
    const [, sign, hours, minutes] = FIXED.exec(zone) ?? [];
    if (zone === "UTC") this.#fixedMs = 0;
    else if (sign === undefined) this.#fixedMs = null;
    else this.#fixedMs = (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
  }

  /** Epoch ms of a wall time, which is given as if it were UTC. */
  instantMs(wallMs: number, receivedAtMs: number): number {
    if (this.#fixedMs !== null) return wallMs - this.#fixedMs;
    const bucket = Math.floor(wallMs / BUCKET_MS);
    if (bucket === this.#bucket) return wallMs - this.#offsetMs;
    const both = this.#offsets(wallMs);
    if (both.earlierMs !== both.laterMs) return wallMs - choose(both, wallMs, receivedAtMs);
    this.#remember(bucket);
    return wallMs - both.earlierMs;
  }

  #remember(bucket: number): void {
    const first = this.#offsets(bucket * BUCKET_MS);
    const last = this.#offsets((bucket + 1) * BUCKET_MS - 1);
    const offsets = [first.earlierMs, first.laterMs, last.earlierMs, last.laterMs];
    if (new Set(offsets).size > 1) return;
    this.#bucket = bucket;
    this.#offsetMs = first.earlierMs;
  }

  /** The offsets that the two instants with this wall time have, or equal ones if there is one. */
  #offsets(wallMs: number): Offsets {
    const utc = Temporal.Instant.fromEpochMilliseconds(wallMs).toZonedDateTimeISO("UTC");
    const wall = utc.toPlainDateTime();
    const earlier = wall.toZonedDateTime(this.#zone, { disambiguation: "earlier" });
    const later = wall.toZonedDateTime(this.#zone, { disambiguation: "later" });
    return {
      earlierMs: wallMs - earlier.epochMilliseconds,
      laterMs: wallMs - later.epochMilliseconds,
      isGap: !earlier.toPlainDateTime().equals(wall),
    };
  }
}

interface Offsets {
  readonly earlierMs: number;
  readonly laterMs: number;
  readonly isGap: boolean;
}

function choose({ earlierMs, laterMs, isGap }: Offsets, wallMs: number, receivedAtMs: number) {
  if (isGap) return laterMs; // W2
  return wallMs - laterMs > receivedAtMs + CLOCK_AHEAD_MAX_MS ? earlierMs : laterMs; // W1
}
