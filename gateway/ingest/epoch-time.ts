// Times as numbers since 1970 (pure): read by their digits, because 1657878122.44 × 1000 is a hair
// below …440, and because nanoseconds have more digits than a double.
import type { TimeFormat } from "../../contracts/mapping-format.ts";

export type EpochFormat = Exclude<TimeFormat, "iso8601">;

interface Unit {
  readonly format: EpochFormat;
  readonly name: string;
  /** 10 to this power of them are a millisecond. */
  readonly power: number;
}

const UNITS: readonly Unit[] = [
  { format: "epoch_s", name: "seconds", power: -3 },
  { format: "epoch_ms", name: "milliseconds", power: 0 },
  { format: "epoch_us", name: "microseconds", power: 3 },
  { format: "epoch_ns", name: "nanoseconds", power: 6 },
];

const DECIMAL = /^([+-]?)(\d{1,20})(?:[.,](\d{1,20}))?$/;
const EXPONENT = /^[+-]?\d{1,20}(?:\.\d{1,20})?[eE][+-]?\d{1,2}$/;

/** Epoch ms, rounded down, of a number, a BigInt, or text that is a number; NaN for anything else. */
export function epochTimeMs(value: unknown, format: EpochFormat): number {
  const text = digitsOf(value);
  if (text === null || text.length > TEXT_CHARS_MAX) return Number.NaN;
  const { power } = UNITS.find((unit) => unit.format === format)!;
  const match = DECIMAL.exec(text);
  if (match) return shifted(match[1] === "-", match[2]!, match[3] ?? "", power);
  return EXPONENT.test(text) ? Math.floor(Number(text) / 10 ** power) : Number.NaN;
}

/** Whole nanoseconds since 1970, rounded towards zero; null for what is no number, or has an exponent. */
export function epochNanoseconds(value: unknown, format: EpochFormat): bigint | null {
  const [, sign, whole, decimals = ""] = DECIMAL.exec(digitsOf(value) ?? "") ?? [];
  if (whole === undefined) return null;
  const places = 6 - UNITS.find((unit) => unit.format === format)!.power;
  const ns = BigInt(whole + decimals.slice(0, places).padEnd(places, "0"));
  return sign === "-" ? -ns : ns;
}

/** The six digits of nanoseconds that rounding down cuts off; "" for none, a negative number or one with an exponent. */
export function underMsDigits(value: unknown, format: EpochFormat): string {
  const match = DECIMAL.exec(digitsOf(value) ?? "");
  if (match === null || match[1] === "-") return "";
  const whole = match[2]!;
  const point = whole.length - UNITS.find((unit) => unit.format === format)!.power;
  const digits = `${"0".repeat(Math.max(0, -point))}${whole}${match[3] ?? ""}`;
  return nanosecondDigits(digits.slice(Math.max(0, point)));
}

/** Digits behind the millisecond, as six; "" if they say nothing. */
export const nanosecondDigits = (digits: string): string =>
  /[1-9]/.test(digits.slice(0, 6)) ? digits.slice(0, 6).padEnd(6, "0") : "";

const TEXT_CHARS_MAX = 48;

/** The text of a number: of a double the shortest, 1794100295416000000 as it was sent. */
function digitsOf(value: unknown): string | null {
  if (typeof value === "string") return value.trim();
  return typeof value === "number" || typeof value === "bigint" ? String(value) : null;
}

/** The number with its point moved to the left by `power` digits, rounded down. */
function shifted(isNegative: boolean, whole: string, decimals: string, power: number): number {
  const digits = whole + decimals;
  const point = whole.length - power;
  const kept = point <= 0 ? "0" : digits.slice(0, point).padEnd(point, "0");
  const ms = Number(kept);
  if (!isNegative) return ms;
  const cutOff = point <= 0 ? digits : digits.slice(point);
  return /[1-9]/.test(cutOff) ? -ms - 1 : 0 - ms;
}

const BACK_MS = 20 * 365.25 * 86_400_000;
const AHEAD_MS = 365.25 * 86_400_000;

/**
 * The unit in which a number is a time of the last twenty years or the next one, if it is not `format`:
 * what its sender most probably meant. Null if none is.
 */
export function likelyUnit(value: unknown, format: EpochFormat, nowMs: number): string | null {
  const fits = (unit: Unit): boolean => {
    const ms = epochTimeMs(value, unit.format);
    return ms > nowMs - BACK_MS && ms < nowMs + AHEAD_MS;
  };
  const found = UNITS.find(fits);
  return found === undefined || found.format === format ? null : found.name;
}

export const unitName = (format: EpochFormat): string =>
  UNITS.find((unit) => unit.format === format)!.name;
