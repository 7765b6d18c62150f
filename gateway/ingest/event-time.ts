// The event time that a mapping declares (pure): what a device says → epoch ms, or what is wrong.
import {
  type BaseTime,
  CLOCK_SET_YEAR,
  type TimeFormat,
  type TimeMapping,
} from "../../contracts/mapping-format.ts";
import {
  isWithoutZone,
  isoFault,
  isoOffsetMs,
  isoWallMs,
  isoYear,
} from "../../contracts/messages/iso-time.ts";
import { CLOCK_AHEAD_MAX_MS } from "./clock-limit.ts";
import {
  epochTimeMs,
  epochNanoseconds,
  likelyUnit,
  nanosecondDigits,
  underMsDigits,
  unitName,
} from "./epoch-time.ts";
import { shownPointers } from "./json-pointer.ts";
import { LocalTime } from "./local-time.ts";
import { Misfit, type Surroundings } from "./mapped-scope.ts";
import { MappedField } from "./mapped-value.ts";
import { shownValue } from "./shown-value.ts";

/** The end of the year 9999: later ones have five digits. */
const ISO_MAX_MS = Date.UTC(9999, 11, 31);
const CLOCK_SET_MS = Date.UTC(CLOCK_SET_YEAR, 0);

/** A time, and whether the arrival stands in for what a clock says that was never set. */
export type EventTime =
  | {
      readonly kind: "time";
      readonly ms: number;
      /** The same time with nanoseconds, as ISO 8601, if the device says any. */
      readonly finer?: string;
      readonly isArrival: boolean;
      /** True if the time is the gateway's own: the device gave none, or none that counts. */
      readonly isStamped: boolean;
    }
  | { readonly kind: "fault"; readonly detail: string };

export class MappedTime {
  readonly property: string;
  readonly #mapping: TimeMapping;
  readonly #source: MappedField;
  readonly #formats: readonly TimeFormat[];
  readonly #zone: LocalTime | null;
  readonly #base: Base | null;

  constructor(mapping: TimeMapping) {
    this.#mapping = mapping;
    this.property = mapping.property ?? "ts";
    const { pointer, of, level, expression, with: inputs } = mapping;
    this.#source = new MappedField(
      this.property,
      {
        ...(pointer === undefined ? {} : { pointer }),
        ...(of === undefined ? {} : { of }),
        ...(level === undefined ? {} : { level }),
        ...(expression === undefined ? {} : { expression }),
        ...(inputs === undefined ? {} : { with: inputs }),
        optional: true,
      },
      "refuse",
    );
    this.#formats = [mapping.format].flat();
    this.#zone = mapping.zone === undefined ? null : new LocalTime(mapping.zone);
    this.#base = mapping.base ? new Base(mapping.base) : null;
  }

  read(from: Surroundings, receivedAtMs: number): EventTime {
    const value = this.#source.read(from);
    if (value instanceof Misfit) return { kind: "fault", detail: value.detail };
    const base = this.#base?.read(from, receivedAtMs);
    if (base instanceof Misfit) return this.#fault(base.detail);
    if (base !== undefined) return this.#sum(value, base, receivedAtMs);
    if (value === undefined)
      return this.#mapping.optional === true
        ? { kind: "time", ms: receivedAtMs, isArrival: false, isStamped: true }
        : this.#fault(`no time at "${this.#place}"`);
    for (const format of this.#formats) {
      const ms = this.#timeIn(value, format, receivedAtMs);
      if (Number.isNaN(ms)) continue;
      const unit = this.#otherUnit(value, format, ms, receivedAtMs);
      if (unit !== null)
        return this.#fault(
          `${shownValue(value)} looks like ${unit}; the mapping says ${inWords(format)}`,
        );
      return this.#mapping.fallback === "arrival" && ms < CLOCK_SET_MS
        ? { kind: "time", ms: receivedAtMs, isArrival: true, isStamped: true }
        : { kind: "time", ms, ...finer(value, format, ms), isArrival: false, isStamped: false };
    }
    // 0000-00-00T00:00:00 is no time, and what it says is clear.
    if (this.#mapping.fallback === "arrival" && this.#isUnset(value))
      return { kind: "time", ms: receivedAtMs, isArrival: true, isStamped: true };
    return this.#fault(this.#whyNot(value, receivedAtMs));
  }

  /** The base time and what counts from it: whole nanoseconds, because each may have digits that the other has not. */
  #sum(value: unknown, base: bigint, receivedAtMs: number): EventTime {
    const counted =
      value === undefined
        ? 0n
        : (this.#formats.map((format) => nanosecondsIn(value, format)).find((ns) => ns !== null) ??
          null);
    if (counted === null)
      return this.#fault(`${shownValue(value)} is not ${this.#formats.join(" or ")}`);
    const ns = String(base + counted);
    const ms = epochTimeMs(ns, "epoch_ns");
    if (!Number.isSafeInteger(ms)) return this.#fault(`${shownValue(value)} is no time`);
    return this.#mapping.fallback === "arrival" && ms < CLOCK_SET_MS
      ? { kind: "time", ms: receivedAtMs, isArrival: true, isStamped: true }
      : { kind: "time", ms, ...finer(ns, "epoch_ns", ms), isArrival: false, isStamped: false };
  }

  #timeIn(value: unknown, format: TimeFormat, receivedAtMs: number): number {
    if (format !== "iso8601") {
      const ms = epochTimeMs(value, format);
      return Number.isSafeInteger(ms) ? ms : Number.NaN;
    }
    return typeof value === "string" ? isoMs(value, this.#zone, receivedAtMs) : Number.NaN;
  }

  get #place(): string {
    const { pointer, level, expression } = this.#mapping;
    return pointer === undefined ? (level ?? expression ?? "") : shownPointers(pointer);
  }

  /** The unit that is meant, where the declared one makes no time of the last years. */
  #otherUnit(value: unknown, format: TimeFormat, ms: number, receivedAtMs: number): string | null {
    if (format === "iso8601") return null;
    if (ms >= CLOCK_SET_MS && ms <= receivedAtMs + CLOCK_AHEAD_MAX_MS) return null;
    return likelyUnit(value, format, receivedAtMs);
  }

  #isUnset(value: unknown): boolean {
    return (
      this.#formats.includes("iso8601") &&
      typeof value === "string" &&
      isoYear(value.trim()) < CLOCK_SET_YEAR
    );
  }

  #whyNot(value: unknown, receivedAtMs: number): string {
    const said = shownValue(value);
    const text = typeof value === "string" ? value.trim() : null;
    if (this.#formats.includes("iso8601")) {
      if (text !== null && isWithoutZone(text) && isoFault(text) === null)
        return `${said} says no zone; give the mapping a "zone", such as "Europe/Berlin"`;
      const unit = likelyUnit(value, "epoch_ns", receivedAtMs) ?? epochNs(value, receivedAtMs);
      if (unit !== null) return `${said} looks like ${unit}; the mapping says iso8601`;
      if (text !== null && !Number.isNaN(isoYear(text))) return `${said} ${isoFault(text)}`;
    } else if (text !== null && isoFault(text) === null)
      return `${said} is ISO 8601; the mapping says ${this.#formats.join(" or ")}`;
    const [first] = this.#formats;
    const unit = first === "iso8601" ? null : likelyUnit(value, first!, receivedAtMs);
    if (unit !== null)
      return `${said} looks like ${unit}; the mapping says ${this.#formats.map(inWords).join(" or ")}`;
    const isOnlyIso = this.#formats.length === 1 && this.#formats[0] === "iso8601";
    if (isOnlyIso && text !== null) return `${said} ${isoFault(text)}`;
    return `${said} is not ${this.#formats.join(" or ")}`;
  }

  #fault(what: string): EventTime {
    return { kind: "fault", detail: `/${this.property}: ${what}` };
  }
}

/** The time that others count from. */
class Base {
  readonly #mapping: BaseTime;
  readonly #source: MappedField;
  readonly #zone: LocalTime | null;

  constructor(mapping: BaseTime) {
    this.#mapping = mapping;
    const { pointer, of } = mapping;
    this.#source = new MappedField(
      "base",
      { pointer, ...(of === undefined ? {} : { of }), optional: true },
      "refuse",
    );
    this.#zone = mapping.zone === undefined ? null : new LocalTime(mapping.zone);
  }

  /** Nanoseconds since 1970; undefined if nothing is there. */
  read(from: Surroundings, receivedAtMs: number): bigint | undefined | Misfit {
    const { format } = this.#mapping;
    const value = this.#source.read(from);
    if (value === undefined || value instanceof Misfit) return value;
    const misfit = new Misfit(`the base time ${shownValue(value)} is not ${format}`);
    if (format !== "iso8601") return nanosecondsIn(value, format) ?? misfit;
    if (typeof value !== "string") return misfit;
    const ms = isoMs(value, this.#zone, receivedAtMs);
    if (Number.isNaN(ms)) return misfit;
    const { finer: fine } = finer(value, format, ms);
    return BigInt(ms) * 1_000_000n + BigInt(/\.\d{3}(\d{6})/.exec(fine ?? "")?.[1] ?? 0);
  }
}

function isoMs(value: string, zone: LocalTime | null, receivedAtMs: number): number {
  const text = value.trim();
  const wallMs = isoWallMs(text);
  if (!isWithoutZone(text)) return wallMs - isoOffsetMs(text);
  return zone === null || Number.isNaN(wallMs) ? Number.NaN : zone.instantMs(wallMs, receivedAtMs);
}

/** A double holds a time of today to a quarter of a microsecond; text holds all that was sent. */
function finer(value: unknown, format: TimeFormat, ms: number): { finer?: string } {
  const digits =
    format !== "iso8601"
      ? underMsDigits(value, format)
      : typeof value === "string"
        ? nanosecondDigits(/[.,]\d{3}(\d{1,6})/.exec(value)?.[1] ?? "")
        : "";
  if (digits === "" || ms < 0 || ms > ISO_MAX_MS) return {};
  return { finer: `${new Date(ms).toISOString().slice(0, -1)}${digits}Z` };
}

const nanosecondsIn = (value: unknown, format: TimeFormat): bigint | null =>
  format === "iso8601" ? null : epochNanoseconds(value, format);

const inWords = (format: TimeFormat): string =>
  format === "iso8601" ? format : `${unitName(format)} (${format})`;

const epochNs = (value: unknown, nowMs: number): string | null =>
  likelyUnit(value, "epoch_s", nowMs) === "nanoseconds" ? "nanoseconds" : null;
