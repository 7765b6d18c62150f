// Numbers, times and tables in words for people (pure).

/** `1 alert`, `2 alerts`. */
export const count = (n: number, what: string, many = `${what}s`): string =>
  `${number(n)} ${n === 1 ? what : many}`;

/** `12,345`. */
export const number = (n: number): string => n.toLocaleString("en");

const UNITS: readonly (readonly [ms: number, name: string])[] = [
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "min"],
  [1_000, "s"],
];

/** The largest unit that fits at least twice, so that no number says less than half: 90 s, 3 min, 47 h. */
export function duration(ms: number): string {
  if (ms < 2_000) return `${(Math.max(0, ms) / 1_000).toFixed(1)} s`;
  const [unitMs, name] = UNITS.find(([size]) => ms >= 2 * size)!;
  return `${Math.floor(ms / unitMs)} ${name}`;
}

/** `3 s ago`, `in 2 min`. Clocks of two machines differ: less than a second ahead counts as now. */
export function ago(atMs: number, nowMs: number): string {
  const ageMs = nowMs - atMs;
  return ageMs <= -1_000 ? `in ${duration(-ageMs)}` : `${duration(ageMs)} ago`;
}

/** A time as `2026-11-26T21:00:00.000Z`, for whatever a record says is one. */
export function instant(ms: unknown): string {
  const date = new Date(typeof ms === "number" ? ms : Number.NaN);
  return Number.isNaN(date.getTime()) ? "at no time" : date.toISOString();
}

const BYTE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** `1.2 MiB`, as the pages of the console round it (`page/kit/numbers.js`). */
export function bytes(n: number): string {
  let value = n;
  let unit = 0;
  while (value >= 1_024 && unit < BYTE_UNITS.length - 1) {
    value /= 1_024;
    unit += 1;
  }
  const text = unit === 0 || value >= 100 ? number(Math.round(value)) : value.toFixed(1);
  return `${text} ${BYTE_UNITS[unit]}`;
}

/** Growth for people: `1.2 GiB a day come`, `none come`. */
export const perDay = (bytesPerDay: number): string =>
  bytesPerDay > 0 ? `${bytes(bytesPerDay)} a day come` : "it does not grow";

const NUMERIC = /^(?:[\d,.]+|-|\?)?$/;

/** Aligned columns: numbers to the right, text to the left; no line ends in spaces. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const columns = header.map((name, at) => {
    const cells = rows.map((row) => row[at] ?? "");
    return {
      width: Math.max(name.length, ...cells.map((cell) => cell.length)),
      isNumeric: cells.length > 0 && cells.every((cell) => NUMERIC.test(cell)),
    };
  });
  return [header, ...rows].map((row) =>
    columns
      .map(({ width, isNumeric }, at) =>
        isNumeric ? (row[at] ?? "").padStart(width) : (row[at] ?? "").padEnd(width),
      )
      .join("  ")
      .trimEnd(),
  );
}
