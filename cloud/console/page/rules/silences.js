// Maintenance windows in words (pure).
import { timeText } from "../kit/numbers.js";

const ONCE = /^(\d+) (\d+) (\d+) (\d+) (\d+) \* (\d{4})$/;

/** The beginning of a window that begins once; null for one that comes again. */
function onceMs({ cron, timezone = "UTC" }) {
  const [, second, minute, hour, day, month, year] = (ONCE.exec(cron) ?? []).map(Number);
  return year === undefined || timezone !== "UTC"
    ? null
    : Date.UTC(year, month - 1, day, hour, minute, second);
}

/** "for 2h, once, from 14:03:20" or "for 2h, each time of 0 2 * * * (UTC)". */
export function silenceText(silence, nowMs) {
  const { cron, for: length, timezone = "UTC" } = silence;
  const once = onceMs(silence);
  return once === null
    ? `for ${length}, each time of ${cron} (${timezone})`
    : `for ${length}, once, from ${timeText(once, nowMs)}`;
}
