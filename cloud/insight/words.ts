// Spans of time and lists of names in words for people (pure).
import { bytes, number } from "../operations/words.ts";

const UNITS: readonly (readonly [ms: number, name: string])[] = [
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "min"],
  [1_000, "s"],
];

/** A span in the largest unit that fits at least twice, rounded: `4 s`, `90 s`, `4 min`. */
export function about(ms: number): string {
  const [unitMs, name] = UNITS.find(([size]) => ms >= 1.95 * size) ?? UNITS.at(-1)!;
  return `${number(Math.max(1, Math.round(ms / unitMs)))} ${name}`;
}

/** `eu`, `eu and us`, `ap, eu and us`. */
export function list(names: readonly string[]): string {
  const [last, ...others] = names.toReversed();
  if (last === undefined) return "";
  return others.length === 0 ? last : `${others.toReversed().join(", ")} and ${last}`;
}

/** A part of a bound, the unit once where it is the same: `66.2 of 67.0 MiB`, `900 KiB of 4.0 GiB`. */
export function amount(part: number, bound: number): string {
  const [some, all] = [bytes(part), bytes(bound)];
  const [, unit] = all.split(" ");
  return `${some.endsWith(` ${unit}`) ? some.split(" ")[0] : some} of ${all}`;
}
