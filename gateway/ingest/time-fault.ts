// What is wrong with the time of a reading (pure), in words for those who can mend the device: what it
// says, what is allowed, and what was probably meant.
import { CLOCK_SET_YEAR } from "../../contracts/mapping-format.ts";
import { isWithoutZone, isoFault } from "../../contracts/messages/iso-time.ts";
import type { RejectReason } from "../../contracts/messages/reject.ts";
import { spanInWords } from "../../contracts/messages/time-words.ts";
import type { Contract } from "../../contracts/schema/contract.ts";
import { CLOCK_AHEAD_MAX_MS } from "./clock-limit.ts";
import { likelyUnit } from "./epoch-time.ts";
import { shownText } from "./shown-value.ts";

/** A check that failed. */
export interface Fault {
  readonly reason: RejectReason;
  readonly detail: string;
}

interface WrongTime {
  readonly contract: Contract;
  /** The time that the reading says, and what follows from it: NaN for what is no time. */
  readonly value: unknown;
  readonly timeMs: number;
  readonly receivedAtMs: number;
  readonly ageMaxMs: number;
}

/** The store counts nanoseconds in 64 bits: from 1677-09-21 to 2262-04-11. */
const STORE_TIME_MAX_MS = 9_223_372_036_000;

/** True for whole milliseconds, before or after 1970, that a store can hold. */
export const canBeStored = (timeMs: number): boolean =>
  Number.isSafeInteger(timeMs) && Math.abs(timeMs) <= STORE_TIME_MAX_MS;

export function timeFault(wrong: WrongTime): Fault {
  const { contract, value, timeMs, receivedAtMs, ageMaxMs } = wrong;
  const at = `/${contract.timeProperty ?? "ts"}`;
  if (!Number.isSafeInteger(timeMs))
    return {
      reason: "contract_violation",
      detail: `${at} is not a time${unitOf(value, receivedAtMs) ?? `: ${whyNot(value)}`}`,
    };
  const hint = unitOf(value, receivedAtMs) ?? "";
  if (timeMs > receivedAtMs) {
    const ahead = `${at} is ${spanInWords(timeMs - receivedAtMs)} ahead; the limit is ${spanInWords(CLOCK_AHEAD_MAX_MS)}`;
    return {
      reason: "clock_ahead",
      detail: `${ahead}${hint || zoneHint(timeMs - receivedAtMs)}`,
    };
  }
  if (!canBeStored(timeMs)) {
    const detail = `${at} is not between the years 1678 and 2262, which is what can be stored${hint}`;
    return { reason: "contract_violation", detail };
  }
  const old = `${at} is ${spanInWords(receivedAtMs - timeMs)} old; the limit is ${spanInWords(ageMaxMs)}`;
  const isUnset = timeMs < Date.UTC(CLOCK_SET_YEAR, 0) && hint === "";
  const clock = isUnset ? ": the device's clock does not seem to be set" : "";
  return { reason: "clock_behind", detail: `${old}${hint}${clock}` };
}

/** The hint to add to a violation of the time property whose unit is probably another. */
export function unitHint(
  { timeProperty, validate }: Contract,
  payload: Readonly<Record<string, unknown>>,
  receivedAtMs: number,
): string {
  if (timeProperty === undefined || validate.errors?.[0]?.instancePath !== `/${timeProperty}`)
    return "";
  const value = payload[timeProperty];
  return (
    unitOf(value, receivedAtMs) ?? (isNumeric(value) ? ": send a whole number, or ISO 8601" : "")
  );
}

const isNumeric = (value: unknown): value is number => typeof value === "number";

function unitOf(value: unknown, receivedAtMs: number): string | null {
  if (typeof value !== "number") return null;
  const unit = likelyUnit(value, "epoch_ms", receivedAtMs);
  return unit && `: ${value} looks like ${unit}; this contract takes milliseconds`;
}

function whyNot(value: unknown): string {
  if (typeof value === "number") return `${value} has no whole milliseconds`;
  if (typeof value !== "string") return "it is neither a number nor text";
  const shown = shownText(value);
  if (isWithoutZone(value) && isoFault(value) === null)
    return `${shown} says no zone: add Z or an offset such as +01:00`;
  if (/^[+-]?\d+(?:\.\d+)?$/.test(value.trim()))
    return `${shown} is text: send epoch milliseconds as a number, or ISO 8601`;
  return `${shown} ${isoFault(value)}`;
}

const ZONE_STEP_MS = 30 * 60_000;
const ZONE_MAX_MS = 14 * 3_600_000;
const DRIFT_MAX_MS = 2 * 60_000;

/** A clock that is ahead by a zone's offset, give or take its drift, says local time for UTC. */
function zoneHint(aheadMs: number): string {
  const steps = Math.round(aheadMs / ZONE_STEP_MS);
  const isZone = Math.abs(aheadMs - steps * ZONE_STEP_MS) <= DRIFT_MAX_MS;
  return steps > 0 && isZone && aheadMs <= ZONE_MAX_MS + DRIFT_MAX_MS
    ? ": this looks like local time that is told as UTC"
    : "";
}
