// Spans of time in words (pure), for people who have to mend a device: `8 days`, `2 hours 5 minutes`.

const DAY_MS = 86_400_000;
const YEAR_MS = 365.25 * DAY_MS;

const UNITS: readonly (readonly [name: string, ms: number])[] = [
  ["day", DAY_MS],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1_000],
];

const DAYS_ALONE = 30;
const YEARS_FROM = 2;

/**
 * A span in its largest unit and the next: `8 days`, `7 days 1 hour`, `45 days`, `56.9 years`. Rounded
 * up, so that what is over a limit never reads like the limit.
 */
export function spanInWords(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, ms) / 1_000} seconds`;
  if (ms >= YEARS_FROM * YEAR_MS) return `${Math.ceil((ms / YEAR_MS) * 10) / 10} years`;
  if (ms >= DAYS_ALONE * DAY_MS) return some(Math.ceil(ms / DAY_MS), "day");
  const at = UNITS.findIndex(([, unitMs]) => ms >= unitMs);
  const [name, unitMs] = UNITS[at]!;
  const [nextName, nextMs] = UNITS[at + 1] ?? UNITS[at]!;
  const parts = Math.ceil(ms / nextMs);
  const perUnit = unitMs / nextMs;
  const whole = Math.floor(parts / perUnit);
  const rest = parts - whole * perUnit;
  return rest === 0 ? some(whole, name) : `${some(whole, name)} ${some(rest, nextName)}`;
}

const some = (n: number, name: string): string => `${n} ${name}${n === 1 ? "" : "s"}`;
