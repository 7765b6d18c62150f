// The span of time that a chart shows, and how it is told in an address (pure).
//
// A span that follows the clock is named by its length (`span=1h`), one that stands still by its ends.

export const SPANS = {
  "10m": { ms: 600_000, text: "10 min" },
  "1h": { ms: 3_600_000, text: "1 h" },
  "6h": { ms: 21_600_000, text: "6 h" },
  "24h": { ms: 86_400_000, text: "24 h" },
  "7d": { ms: 604_800_000, text: "7 d" },
};
const DEFAULT = "1h";
const LENGTH_MS_MIN = 1_000;
const LENGTH_MS_MAX = 366 * 86_400_000;

/** @returns {{ fromMs, untilMs, follows }} `follows`: the name of the length, or null if it stands still. */
export function spanOf({ from, until, span }, nowMs) {
  const [fromMs, untilMs] = [Number(from), Number(until)];
  if (from !== undefined && untilMs - fromMs >= LENGTH_MS_MIN)
    return { fromMs, untilMs, follows: null };
  const follows = SPANS[span] ? span : DEFAULT;
  return { fromMs: nowMs - SPANS[follows].ms, untilMs: nowMs, follows };
}

/** The parameters of an address that say what part of a line is drawn, and from what. */
export const partOf = ({ from, until, span, source }) => ({ from, until, span, source });

/** Twice as long around the same middle, not beyond now. */
export function zoomedOut({ fromMs, untilMs }, nowMs) {
  const length = Math.min(2 * (untilMs - fromMs), LENGTH_MS_MAX);
  const end = Math.min(nowMs, Math.round((fromMs + untilMs) / 2 + length / 2));
  return { from: end - length, until: end, span: null };
}

/** As long, a part of its length earlier (-) or later (+), not beyond now. */
export function moved({ fromMs, untilMs }, part, nowMs) {
  const by = Math.round((untilMs - fromMs) * part);
  const end = Math.min(nowMs, untilMs + by);
  return { from: end - (untilMs - fromMs), until: end, span: null };
}
