// Maintenance windows by cron expression (pure).
import { Cron } from "croner";
import { durationMs } from "./duration.ts";
import { RuleError, type RuleBase, type Silence } from "./rule-base.ts";

/** One maintenance window, ready to be asked. */
export class SilenceWindow {
  readonly #cron: Cron;
  readonly #forMs: number;
  /** The answer holds from `#fromMs` until `#untilMs`: finding a cron's last time is slow. */
  #fromMs = Number.POSITIVE_INFINITY;
  #untilMs = Number.NEGATIVE_INFINITY;
  #endMs: number | null = null;

  private constructor(cron: Cron, forMs: number) {
    this.#cron = cron;
    this.#forMs = forMs;
  }

  /** @throws RuleError naming what is wrong with the expression or the time zone. */
  static of({ cron, for: duration, timezone = "UTC" }: Silence): SilenceWindow {
    try {
      const parsed = new Cron(cron, { paused: true, timezone });
      parsed.nextRun(new Date(0));
      return new SilenceWindow(parsed, durationMs(duration)!);
    } catch (error) {
      throw new RuleError(`silence "${cron}": ${(error as Error).message}`);
    }
  }

  /** The end of the window that `timeMs` is in, epoch ms; null outside of one. */
  endAt(timeMs: number): number | null {
    if (timeMs < this.#fromMs || timeMs >= this.#untilMs) this.#look(timeMs);
    return this.#endMs;
  }

  /** True if it is over at `timeMs` and never begins again. */
  isPast(timeMs: number): boolean {
    return this.endAt(timeMs) === null && this.#cron.nextRun(new Date(timeMs)) === null;
  }

  #look(timeMs: number): void {
    // A time of the expression counts itself, and the library looks strictly before.
    const [last] = this.#cron.previousRuns(1, new Date(timeMs + 1));
    const next = this.#cron.nextRun(new Date(timeMs))?.getTime() ?? Number.POSITIVE_INFINITY;
    const endMs = last ? last.getTime() + this.#forMs : Number.NEGATIVE_INFINITY;
    const isInside = endMs > timeMs;
    this.#endMs = isInside ? endMs : null;
    this.#fromMs = timeMs;
    // A window that is hit by the next time of the expression goes on from there.
    this.#untilMs = isInside ? Math.min(endMs, next) : next;
  }
}

/**
 * The part of a rule that its version is the version of: maintenance windows say when nobody is to be told, and change
 * nothing of what the rule finds.
 */
export function withoutSilences<R extends object>({
  silences: _,
  ...rule
}: R & Pick<RuleBase, "silences">): object {
  return rule;
}

/** The end of the last of the windows that `timeMs` is in; null if it is in none. */
export function silencedUntil(windows: readonly SilenceWindow[], timeMs: number): number | null {
  let latest: number | null = null;
  for (const window of windows) {
    const endMs = window.endAt(timeMs);
    if (endMs !== null && (latest === null || endMs > latest)) latest = endMs;
  }
  return latest;
}
