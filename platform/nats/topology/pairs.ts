// The copies that regions have of each other's logs, beside the hub's: data may not be allowed to leave a
// region for every other. Pure.

export interface RegionPairs {
  readonly regions: readonly string[];
  /** `[origin, into]`; absent: none. */
  readonly copies?: readonly (readonly [origin: string, into: string])[];
}

/** Regions whose log `region` has a copy of. */
export const copiesIn = (pairs: RegionPairs, region: string): string[] =>
  pairs.regions.filter((origin) => isCopied(pairs, origin, region));

/** Regions that have a copy of the log of `region`. */
export const copiedBy = (pairs: RegionPairs, region: string): string[] =>
  pairs.regions.filter((into) => isCopied(pairs, region, into));

const isCopied = ({ copies }: RegionPairs, origin: string, into: string): boolean =>
  origin !== into && (copies ?? []).some(([from, to]) => from === origin && to === into);

/** A copy of each region's log in every other region. */
const everyCopy = (regions: readonly string[]): [string, string][] =>
  regions.flatMap((origin) =>
    regions.filter((into) => into !== origin).map((into): [string, string] => [origin, into]),
  );

/** @throws Error naming the pair at fault. Text such as `eu>us,us>eu`, or `none`, or `all`. */
export function parseCopies(text: string, regions: readonly string[]): [string, string][] {
  if (text === "none") return [];
  if (text === "all") return everyCopy(regions);
  return text.split(",").map((pair) => {
    const [origin = "", into = "", ...rest] = pair.split(">").map((name) => name.trim());
    for (const name of [origin, into])
      if (rest.length > 0 || !regions.includes(name))
        throw new Error(
          `"${pair}" is no pair of regions: write origin>into, of ${regions.join(", ")}`,
        );
    if (origin === into) throw new Error(`"${pair}": a region needs no copy of its own log`);
    return [origin, into];
  });
}
