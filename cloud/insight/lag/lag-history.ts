// A reader's verdicts one after another (pure): since when it is as it is.
import type { AccountLag } from "./account-lag.ts";
import { Progress, type ProgressSample, STALLED_MS } from "./progress.ts";
import { type LagFacts, type LagVerdict, UP_TO_DATE_MS, judgeLag } from "./verdict.ts";

export type Circumstances = Omit<
  LagFacts,
  "motion" | "standsForMs" | "behindFrames" | "etaMs" | "nowMs"
> & {
  /** Lag by the ledger's account of it; null where there is none, or nothing waits. */
  readonly account?: AccountLag | null;
};

export class LagHistory {
  readonly progress = new Progress();
  #verdict: LagVerdict | null = null;

  /** @param sample null while it is not known where the reader is: nothing is learned of its progress then. */
  observe(
    sample: ProgressSample | null,
    { account, ...of }: Circumstances,
    nowMs: number,
  ): LagVerdict {
    const before = this.#verdict;
    const isBack = before?.state === "waiting_for_wan" && of.linkDownSinceMs === null;
    if (isBack) this.progress.beginAnew();
    if (sample) this.progress.observe(sample);
    const facts = { ...of, nowMs, ...motionOf(this.progress, nowMs) };
    const judged = judgeLag(account ? withAccount(facts, account, sample) : facts);
    const sinceMs = before?.state === judged.state ? before.sinceMs : nowMs;
    this.#verdict = { ...judged, sinceMs };
    return this.#verdict;
  }
}

const motionOf = (progress: Progress, nowMs: number) => ({
  motion: progress.motion(nowMs),
  standsForMs: progress.standsForMs(nowMs),
  behindFrames: progress.behind,
  etaMs: progress.etaMs,
});

/** The worse of both: what the reader says of itself, and what there is an account of. */
function withAccount(
  facts: LagFacts,
  account: AccountLag,
  sample: ProgressSample | null,
): LagFacts {
  const standsForMs = Math.max(facts.standsForMs, account.standsForMs);
  const isBehind = account.behindMs > UP_TO_DATE_MS || account.standsForMs > 0;
  const unsettled = Math.max(0, (sample?.targetSeq ?? 0) - account.settledSeq);
  const behindFrames = isBehind ? Math.max(facts.behindFrames, unsettled) : facts.behindFrames;
  return {
    ...{ ...facts, standsForMs, behindFrames },
    motion: standsForMs >= STALLED_MS ? "stalled" : facts.motion,
    behindMs: Math.max(facts.behindMs ?? 0, isBehind ? account.behindMs : 0),
    etaMs: isBehind && facts.behindFrames === 0 ? null : facts.etaMs,
  };
}
