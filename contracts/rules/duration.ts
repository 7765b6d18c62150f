const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;
const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Longer than any log is kept; and a time so far from now is still one. */
const DURATION_MAX_MS = 36_525 * UNIT_MS.d;

/** `250ms`, `30s`, `10m`, `2h`, `7d` in milliseconds; null for anything else, and for more than a century. */
export function durationMs(text: string): number | null {
  const match = DURATION.exec(text);
  if (!match) return null;
  const ms = Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS];
  return ms <= DURATION_MAX_MS ? ms : null;
}
