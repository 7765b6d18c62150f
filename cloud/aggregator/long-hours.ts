// The hours of one lane whose rollups of hours and days are to be merged. Pure.
//
// F1. They are merged from stored finals, one hour after the other, once the finals of an hour are durable: nothing of
//     an hour or a day stays open, and the position holds no more than the hour up to which it is done.
// F2. The first hour is that of the watermark of the first frame: a function of the log, so a crash before the first
//     position skips none. Readings before it are late, and merged with their repair.
// F3. Who changes a final of an hour that is merged, or about to be, merges it again before the change counts as done.
import { HOUR } from "../../contracts/names/measurements.ts";

/** The start of the hour of UTC that a time is in. */
export const hourOf = (ms: number): number => Math.floor(ms / HOUR.sizeMs) * HOUR.sizeMs;

export class LongHours {
  #throughMs: number | null;
  #underWayMs = 0;

  /** @param throughMs of the position; null where it names none. */
  constructor(throughMs: number | null) {
    this.#throughMs = throughMs;
  }

  /** Rollups that end by then are stored, epoch ms; null before the first frame. */
  get throughMs(): number | null {
    return this.#throughMs;
  }

  /** @param watermarkMs behind a frame (F2). */
  see(watermarkMs: number): void {
    if (watermarkMs > 0) this.#throughMs ??= hourOf(watermarkMs);
  }

  /** The hours to merge, from the first one up to the end of the last; null for none. @param finalsDoneMs finals that end by then are durable. */
  due(finalsDoneMs: number): { readonly fromMs: number; readonly untilMs: number } | null {
    const fromMs = this.#throughMs;
    const untilMs = hourOf(finalsDoneMs);
    return fromMs === null || fromMs >= untilMs ? null : { fromMs, untilMs };
  }

  /** Rollups that end by then are about to be merged (F3). */
  begin(endMs: number): void {
    this.#underWayMs = endMs;
  }

  /** Rollups that end by then are durable. */
  done(throughMs: number): void {
    this.#throughMs = throughMs;
  }

  /** Whether rollups that end by then are merged, or are about to be (F3). */
  isMerged(endMs: number): boolean {
    return endMs <= Math.max(this.#throughMs ?? 0, this.#underWayMs);
  }
}
