// Numbers and times in words (pure).

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/** Something that is not there, everywhere in the same words. */
export const UNKNOWN = "not known yet";

/** 8,412,776 */
export const count = (value) => whole.format(value);

/** 3 or 4 digits that matter: 0.0123, 4.56, 1,234. */
export function figure(value) {
  if (typeof value !== "number" || !Number.isFinite(value)) return String(value);
  if (Number.isInteger(value)) return whole.format(value);
  const size = Math.abs(value);
  if (size >= 1000) return whole.format(value);
  return String(Number(value.toPrecision(size >= 100 ? 4 : 3)));
}

/** Digits of a measured value that are told at least; a mean has more that say nothing. */
const DIGITS_MIN = 6;
const DECIMALS_MIN = 2;

/** A value as exact as a sensor is, which is more than a glance needs: 21.5333, 1234567.25. */
export function exact(value) {
  if (typeof value !== "number" || !Number.isFinite(value) || Number.isInteger(value))
    return String(value);
  const before = Math.floor(Math.log10(Math.abs(value))) + 1;
  return String(Number(value.toPrecision(Math.max(DIGITS_MIN, before + DECIMALS_MIN))));
}

/** 1 reading, 2 readings. */
export const plural = (value, one, many = `${one}s`) =>
  `${count(value)} ${value === 1 ? one : many}`;

const BYTES = [
  [1024 ** 4, "TiB"],
  [1024 ** 3, "GiB"],
  [1024 ** 2, "MiB"],
  [1024, "KiB"],
];

/** 3.8 MiB, rounded as the sentences of the insight are, which stand beside it. */
export function bytes(value) {
  const [size, unit] = BYTES.find(([from]) => Math.abs(value) >= from) ?? [1, "B"];
  const shown = value / size;
  return `${size === 1 || Math.abs(shown) >= 100 ? count(Math.round(shown)) : shown.toFixed(1)} ${unit}`;
}

/** A part of a bound, the unit once where it is the same: 66.2 of 67.0 MiB. */
export function bytesOf(part, bound) {
  const [some, all] = [bytes(part), bytes(bound)];
  const [number, unit] = some.split(" ");
  return `${all.endsWith(` ${unit}`) ? number : some} of ${all}`;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A length of time as somebody would say it: 320 ms, 4.2 s, 12 min, 3 h 20 min, 5 d 4 h. */
export function duration(ms) {
  const size = Math.abs(ms);
  const sign = ms < 0 ? "−" : "";
  if (size < 1) return `${sign}${figure(size)} ms`;
  if (size < SECOND) return `${sign}${Math.round(size)} ms`;
  if (size < 10 * SECOND) return `${sign}${(size / SECOND).toFixed(1)} s`;
  if (size < 100 * SECOND) return `${sign}${Math.round(size / SECOND)} s`;
  if (size < 2 * HOUR) return `${sign}${Math.round(size / MINUTE)} min`;
  if (size < 2 * DAY) return sign + two(size, [HOUR, "h"], [MINUTE, "min"]);
  return sign + two(size, [DAY, "d"], [HOUR, "h"]);
}

function two(size, [large, largeUnit], [small, smallUnit]) {
  const first = Math.floor(size / large);
  const rest = Math.round((size - first * large) / small);
  return rest === 0 ? `${first} ${largeUnit}` : `${first} ${largeUnit} ${rest} ${smallUnit}`;
}

/** How long ago: "now" within a second or two, then "12 s ago", "in 4 min". */
export function ago(atMs, nowMs) {
  const passed = nowMs - atMs;
  if (Math.abs(passed) < 1_500) return "now";
  const rounded = Math.abs(passed) < 100 * SECOND ? Math.round(passed / SECOND) * SECOND : passed;
  const words =
    Math.abs(rounded) < 100 * SECOND
      ? `${Math.abs(rounded) / SECOND} s`
      : duration(Math.abs(rounded));
  return passed < 0 ? `in ${words}` : `${words} ago`;
}

/** 214 /s, 0.4 /s. */
export const rate = (perSecond) =>
  `${perSecond >= 10 ? whole.format(perSecond) : figure(Number(perSecond.toFixed(1)))} /s`;

/** Pieces of a sentence, every second of which is a number with its unit, that no line may part. */
export const unbrokenParts = (sentence) =>
  sentence.split(/(\d[\d,.]* (?:ms|s|min|h|d|%|B|[KMGT]iB)(?![\w%]))/);

/** 12.4 % */
export const share = (part) => `${figure(Number((part * 100).toFixed(1)))} %`;

const clock = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});
const dayAndClock = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});

/** The clock for today, day and clock for other days. */
export const timeText = (atMs, nowMs = Date.now()) =>
  (new Date(atMs).toDateString() === new Date(nowMs).toDateString() ? clock : dayAndClock).format(
    atMs,
  );

const minutes = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const dayAndMinutes = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
});

/** The same without seconds. */
export const minuteText = (atMs, nowMs = Date.now()) =>
  (new Date(atMs).toDateString() === new Date(nowMs).toDateString()
    ? minutes
    : dayAndMinutes
  ).format(atMs);

/** A value of a payload in few characters. */
export function valueText(value) {
  if (typeof value === "number") return figure(value);
  if (typeof value === "string") return value;
  if (value === undefined || value === null) return "none";
  return JSON.stringify(value);
}
