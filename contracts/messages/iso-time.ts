// ISO 8601 times as text (pure). `Date.parse` does not read all of them, and rolls a day that does not
// exist over to another: this takes what PATTERN says, each part within its bounds, and nothing else.

/** A date, `T` or a space, a time of day with up to nine decimals, and a zone or none. */
const PATTERN =
  /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:[Zz]|[+-]\d\d(?::?\d\d)?)?$/;
const CHARS_MAX = 40;

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const SECOND_MS = 1_000;

const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];

/** Epoch ms, rounded down, of a time that says its zone; NaN for all other text. */
export function isoTimeMs(text: string): number {
  const wallMs = isoWallMs(text);
  return Number.isNaN(wallMs) ? Number.NaN : wallMs - isoOffsetMs(text);
}

/** What the text says, as if it were UTC, whatever its zone; NaN for text that is no time. */
export function isoWallMs(text: string): number {
  if (!isIso(text)) return Number.NaN;
  const year = digits(text, 0, 4);
  const month = digits(text, 5, 2);
  const day = digits(text, 8, 2);
  const hour = digits(text, 11, 2);
  const minute = digits(text, 14, 2);
  const hasSeconds = text.charCodeAt(16) === COLON;
  const second = hasSeconds ? digits(text, 17, 2) : 0;
  const ms = hasSeconds ? fractionMs(text) : 0;
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return Number.NaN;
  if (minute > 59 || second > 59) return Number.NaN;
  // 24:00 is the end of the day, and no later time of day is one (ISO 8601-1, 4.3.8).
  if (hour > 24 || (hour === 24 && (minute > 0 || second > 0 || ms > 0))) return Number.NaN;
  return (
    daysSinceEpoch(year, month, day) * DAY_MS +
    hour * HOUR_MS +
    minute * MINUTE_MS +
    second * SECOND_MS +
    ms
  );
}

/** The zone that the text says, in ms east of UTC; NaN if it says none, or one that cannot be. */
export function isoOffsetMs(text: string): number {
  if (!isIso(text)) return Number.NaN;
  const at = zoneAt(text);
  if (at === text.length) return Number.NaN;
  const sign = text[at] === "-" ? -1 : 1;
  if (sign === 1 && text[at] !== "+") return 0; // Z
  const hours = digits(text, at + 1, 2);
  const minutes = text.length > at + 3 ? digits(text, text.length - 2, 2) : 0;
  return hours > 23 || minutes > 59 ? Number.NaN : sign * (hours * HOUR_MS + minutes * MINUTE_MS);
}

/** True of text that has the form of a time and says no zone. */
export const isWithoutZone = (text: string): boolean => isIso(text) && zoneAt(text) === text.length;

/** What is wrong with a text that is no time, in words that end a sentence; null if nothing is. */
export function isoFault(text: string): string | null {
  if (!isIso(text)) return "is not ISO 8601, such as 2026-01-31T12:00:00Z";
  const [year, month, day] = [digits(text, 0, 4), digits(text, 5, 2), digits(text, 8, 2)];
  const [hour, minute] = [digits(text, 11, 2), digits(text, 14, 2)];
  if (month < 1 || month > 12) return `has a month ${text.slice(5, 7)}`;
  const name = MONTHS[month - 1]!;
  if (day < 1 || day > daysIn(year, month))
    return `has a day that does not exist: ${name} ${year} has ${daysIn(year, month)} days`;
  if (hour > 24) return `has an hour ${hour}`;
  if (minute > 59) return `has a minute ${minute}`;
  const second = text.charCodeAt(16) === COLON ? digits(text, 17, 2) : 0;
  if (second > 59)
    return second === 60
      ? "has a second 60, and leap seconds are not taken"
      : `has a second ${second}`;
  if (Number.isNaN(isoWallMs(text))) return "is after the end of its day, which is 24:00:00";
  if (Number.isNaN(isoOffsetMs(text)) && !isWithoutZone(text))
    return `has a zone that cannot be: ${text.slice(zoneAt(text))}`;
  return null;
}

/** The year that the text says, even if the rest of it cannot be (0000-00-00); NaN for other text. */
export const isoYear = (text: string): number => (isIso(text) ? digits(text, 0, 4) : Number.NaN);

const isIso = (text: string): boolean => text.length <= CHARS_MAX && PATTERN.test(text);

const ZERO = 48;
const COLON = 58;

function digits(text: string, at: number, count: number): number {
  let value = 0;
  for (let i = at; i < at + count; i++) value = value * 10 + text.charCodeAt(i) - ZERO;
  return value;
}

const isDigit = (code: number): boolean => code >= ZERO && code < COLON;

/** Whole ms of the decimals behind the seconds: what is under a millisecond is cut off. */
function fractionMs(text: string): number {
  let ms = 0;
  let weight = 100;
  if (text[19] !== "." && text[19] !== ",") return 0;
  for (let at = 20; weight >= 1 && isDigit(text.charCodeAt(at)); at++, weight /= 10)
    ms += (text.charCodeAt(at) - ZERO) * weight;
  return ms;
}

/** Where the zone begins; the text's length if there is none. */
function zoneAt(text: string): number {
  let at = 16;
  for (; at < text.length; at++) {
    const char = text[at]!;
    if (char === "Z" || char === "z" || char === "+" || char === "-") return at;
  }
  return at;
}

const isLeap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);

function daysIn(year: number, month: number): number {
  if (month === 2) return isLeap(year) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Days from 1970-01-01 in the proleptic Gregorian calendar; `Date.UTC` takes year 50 for 1950. */
function daysSinceEpoch(year: number, month: number, day: number): number {
  // Years that begin in March end with the day that leap years add.
  const shifted = month > 2 ? year : year - 1;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const dayOfEra =
    yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}
