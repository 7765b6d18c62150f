// A reader's verdicts one after another (pure): since when it is as it is.
import { Progress, type ProgressSample } from "./progress.ts";
import { type LagFacts, type LagVerdict, judgeLag } from "./verdict.ts";

export type Circumstances = Omit<LagFacts, "motion" | "behindFrames" | "etaMs" | "nowMs">;

export class LagHistory {
  readonly progress = new Progress();
  #verdict: LagVerdict | null = null;

  /** @param sample null while it is not known where the reader is: nothing is learned of its progress then. */
  observe(sample: ProgressSample | null, of: Circumstances, nowMs: number): LagVerdict {
    const { progress } = this;
    const before = this.#verdict;
    const isBack = before?.state === "waiting_for_wan" && of.linkDownSinceMs === null;
    if (isBack) progress.beginAnew();
    if (sample) progress.observe(sample);
    const judged = judgeLag({
      ...{ ...of, nowMs },
      motion: progress.motion(nowMs),
      behindFrames: progress.behind,
      etaMs: progress.etaMs,
    });
    const sinceMs = before?.state === judged.state ? before.sinceMs : nowMs;
    this.#verdict = { ...judged, sinceMs };
    return this.#verdict;
  }
}
