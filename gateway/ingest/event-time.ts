// The event time that a mapping declares (pure): what a device says → epoch ms, or what is wrong.
import { CLOCK_SET_YEAR, type TimeFormat, type TimeMapping } from "../../contracts/mapping.ts";
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
  likelyUnit,
  nanosecondDigits,
  underMsDigits,
  unitName,
} from "./epoch-time.ts";
import { firstAt, type Pointer, parsePointers, shownPointers } from "./json-pointer.ts";
import { LocalTime } from "./local-time.ts";
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
  readonly ofMessage: boolean;
  readonly #mapping: TimeMapping;
  readonly #pointers: readonly Pointer[];
  readonly #formats: readonly TimeFormat[];
  readonly #zone: LocalTime | null;

  constructor(mapping: TimeMapping) {
    this.#mapping = mapping;
    this.property = mapping.property ?? "ts";
    this.ofMessage = mapping.of === "message";
    this.#pointers = parsePointers(mapping.pointer);
    this.#formats = [mapping.format].flat();
    this.#zone = mapping.zone === undefined ? null : new LocalTime(mapping.zone);
  }

  /** @param index of the element, for pointers with `{index}`. */
  read(root: unknown, index: number, receivedAtMs: number): EventTime {
    const value = firstAt(root, this.#pointers, index);
    if (value === undefined || value === null)
      return this.#mapping.optional === true
        ? { kind: "time", ms: receivedAtMs, isArrival: false, isStamped: true }
        : this.#fault(`no time at "${shownPointers(this.#mapping.pointer)}"`);
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

  #timeIn(value: unknown, format: TimeFormat, receivedAtMs: number): number {
    if (format !== "iso8601") {
      const ms = epochTimeMs(value, format);
      return Number.isSafeInteger(ms) ? ms : Number.NaN;
    }
    if (typeof value !== "string") return Number.NaN;
    const text = value.trim();
    const wallMs = isoWallMs(text);
    if (!isWithoutZone(text)) return wallMs - isoOffsetMs(text);
    return this.#zone === null || Number.isNaN(wallMs)
      ? Number.NaN
      : this.#zone.instantMs(wallMs, receivedAtMs);
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

const inWords = (format: TimeFormat): string =>
  format === "iso8601" ? format : `${unitName(format)} (${format})`;

const epochNs = (value: unknown, nowMs: number): string | null =>
  likelyUnit(value, "epoch_s", nowMs) === "nanoseconds" ? "nanoseconds" : null;
