import * as hdr from "hdr-histogram-js";

/** Longer ones count as this much: a device whose clock is an hour off is no longer a latency. */
const LATENCY_MAX_MS = 3_600_000;

/** Time from the device's clock to the sink's acknowledgement, of every reading, per region. */
export class Latencies {
  readonly #histograms: ReadonlyMap<string, hdr.Histogram>;

  constructor(regions: readonly string[]) {
    this.#histograms = new Map(
      regions.map((region) => [
        region,
        hdr.build({
          bitBucketSize: 32,
          lowestDiscernibleValue: 1,
          highestTrackableValue: LATENCY_MAX_MS,
          numberOfSignificantValueDigits: 3,
          useWebAssembly: false,
        }),
      ]),
    );
  }

  record(region: string, eventTimes: readonly number[], acknowledgedMs: number): void {
    const histogram = this.#histograms.get(region)!;
    for (const eventMs of eventTimes)
      histogram.recordValue(Math.min(Math.max(acknowledgedMs - eventMs, 0), LATENCY_MAX_MS));
  }

  /** Region → HdrHistogram, compressed V2, base64. */
  encoded(): Record<string, string> {
    return Object.fromEntries(
      [...this.#histograms].map(([region, histogram]) => [
        region,
        hdr.encodeIntoCompressedBase64(histogram),
      ]),
    );
  }
}
