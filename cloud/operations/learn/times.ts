// Members that are a time (pure): epochs in s, ms, µs and ns, ISO 8601 with a zone or without.
import type { TimeFormat, TimeMapping } from "../../../contracts/mapping-format.ts";
import { plainName } from "./quantities.ts";

const DAY_MS = 86_400_000;
/** A member that is called a time is one within this of its arrival; older devices' buffers and clocks that are off included. */
const NAMED_WITHIN_MS = 400 * DAY_MS;
/** Any other number is one if it follows the arrivals as closely as this, in every message. */
const UNNAMED_WITHIN_MS = DAY_MS;
/** Zones are whole quarters of an hour. */
const QUARTER_MS = 900_000;
const ZONE_MS_MAX = 14 * 3_600_000;

const NAMES = new Set(
  "t ts tst time timestamp date datetime at epoch unixtime utc now when ms timems timeutc localtime measuredat".split(
    " ",
  ),
);
const isTimeName = (name: string): boolean => {
  const plain = plainName(name);
  return (
    NAMES.has(plain) ||
    /(?:time|timestamp|date|seen|_at|At)$/.test(name) ||
    plain.startsWith("timestamp")
  );
};
/** A name that is surely of another time than that of the reading. */
const isOtherTime = (name: string): boolean =>
  /boot|start|next|expire|until|install|built|update|sunrise|sunset|created/i.test(name);

const EPOCHS: readonly (readonly [TimeFormat, number])[] = [
  ["epoch_s", 1000],
  ["epoch_ms", 1],
  ["epoch_us", 1 / 1000],
  ["epoch_ns", 1 / 1_000_000],
];

/** A value of a member with the arrival of its message, epoch ms. */
export interface Timed {
  readonly value: unknown;
  readonly atMs: number;
}

export interface TimeFound {
  readonly format: TimeFormat;
  /** The zone that the arrivals show, of text without one. */
  readonly zone?: string;
  /** Some clock was not set: a time of before 2020. */
  readonly hasUnset: boolean;
  /** Lower is likelier to be the time of the reading. */
  readonly rank: number;
}

/** The time that a member's values are, or null: uptimes, counters and ids are none. */
export function timeOf(name: string, values: readonly Timed[]): TimeFound | null {
  if (values.length === 0) return null;
  const rank = isOtherTime(name) ? 2 : isTimeName(name) ? 0 : 1;
  if (values.every(({ value }) => typeof value === "string" && ISO.test(value)))
    return isoOf(values as readonly { value: string; atMs: number }[], rank);
  const numbers = values.map(({ value, atMs }) => ({ value: numberOf(value), atMs }));
  if (numbers.some(({ value }) => value === null)) return null;
  const within = isTimeName(name) ? NAMED_WITHIN_MS : UNNAMED_WITHIN_MS;
  for (const [format, factor] of EPOCHS) {
    const near = numbers.filter(
      ({ value, atMs }) => Math.abs(value! * factor - atMs) <= within,
    ).length;
    // A clock that is not set shows few seconds, where others of the same name are right.
    const unset = numbers.filter(({ value }) => value! >= 0 && value! * factor < 1e11).length;
    const isAll =
      near === numbers.length || (isTimeName(name) && near > 0 && near + unset === numbers.length);
    if (isAll) return { format, hasUnset: near < numbers.length, rank };
  }
  return null;
}

const ISO = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d/;
const ZONED = /(?:Z|[+-]\d\d:?\d\d)$/;

function isoOf(values: readonly { value: string; atMs: number }[], rank: number): TimeFound | null {
  const asUtc = values.map(({ value, atMs }) => ({
    atMs,
    ms: Date.parse(value.replace(" ", "T") + (ZONED.test(value) ? "" : "Z")),
  }));
  if (asUtc.some(({ ms }) => Number.isNaN(ms))) return null;
  const hasUnset = asUtc.some(({ ms }) => ms < Date.UTC(2020, 0));
  const set = asUtc.filter(({ ms }) => ms >= Date.UTC(2020, 0));
  if (values.every(({ value }) => ZONED.test(value))) return { format: "iso8601", hasUnset, rank };
  const ahead = set.map(({ ms, atMs }) => ms - atMs).sort((a, b) => a - b);
  const middle = ahead[Math.floor(ahead.length / 2)] ?? 0;
  const quarters = Math.round(middle / QUARTER_MS) * QUARTER_MS;
  const isZone = Math.abs(quarters) <= ZONE_MS_MAX;
  return { format: "iso8601", zone: zoneText(isZone ? quarters : 0), hasUnset, rank };
}

/** `+01:00`, `UTC`. */
function zoneText(offsetMs: number): string {
  if (offsetMs === 0) return "UTC";
  const minutes = Math.abs(offsetMs) / 60_000;
  const two = (n: number): string => String(n).padStart(2, "0");
  return `${offsetMs < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

function numberOf(value: unknown): number | null {
  if (typeof value === "number") return value;
  return typeof value === "string" && /^\d{9,19}(?:\.\d+)?$/.test(value) ? Number(value) : null;
}

/** The time of an entry. @param zone of people who know better than the arrivals. */
export function timeMapping(
  found: TimeFound,
  at: Pick<TimeMapping, "pointer" | "of">,
  { zone, isOptional }: { readonly zone?: string | undefined; readonly isOptional: boolean },
): TimeMapping {
  return {
    ...at,
    format: found.format,
    ...(found.zone === undefined ? {} : { zone: zone ?? found.zone }),
    ...(isOptional ? { optional: true } : {}),
    ...(found.hasUnset || found.format === "epoch_s" ? { fallback: "arrival" as const } : {}),
  };
}
