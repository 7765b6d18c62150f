import { Histogram } from "../../otel/histogram.ts";

/** Zero: a frame that tells readers the time, because its partition had nothing to say. */
const READINGS = [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000];
const BYTES = [256, 1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576];
const SPACING_S = [0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

/** Size and spacing of the frames that were sent; three additions for each frame, none for a reading. */
export class FrameFigures {
  readonly readings = new Histogram(READINGS);
  /** As it is stored, compressed. */
  readonly bytes = new Histogram(BYTES);
  /** Seconds since the frame before it in its partition. */
  readonly spacing = new Histogram(SPACING_S);

  /** @param sinceMs null for the first of its partition. */
  sent(readings: number, bytes: number, sinceMs: number | null): void {
    this.readings.observe(readings);
    this.bytes.observe(bytes);
    if (sinceMs !== null) this.spacing.observe(sinceMs / 1_000);
  }
}
