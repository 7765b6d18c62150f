// The lanes that a region's log has had (pure). A log that grows begins a generation of lanes; those before it end.
//
// G1. Lanes are numbered through all generations: no number is used twice, so a lane's frames, positions and alerts
//     are of it alone.
// G2. Each generation has a multiple of the lanes of the one before. So all keys of a lane were in one lane before,
//     its parent, and what is known of them is what the parent knew.
import { partitionOf } from "./partition.ts";

/** The number of lanes of each generation of a log, the present one last. */
export type Generations = readonly number[];

const sum = (numbers: readonly number[]): number => numbers.reduce((all, each) => all + each, 0);

/** All lanes that there ever were, those that have ended too. */
export const lanesOf = (generations: Generations): number => sum(generations);

/** The present lanes, as the number of the first and how many there are. */
export const presentLanes = (generations: Generations): { first: number; count: number } => ({
  first: sum(generations.slice(0, -1)),
  count: generations.at(-1)!,
});

/** The generation that a lane is of: its place, its first lane and how many it has. */
function generationOf(generations: Generations, lane: number) {
  let first = 0;
  for (const [at, count] of generations.entries()) {
    if (lane < first + count) return { at, first, count };
    first += count;
  }
  throw new RangeError(`lane ${lane} is none of ${lanesOf(generations)}`);
}

/** The lane before this one that had its keys; null in the first generation (G2). */
export function parentOf(generations: Generations, lane: number): number | null {
  const { at, first } = generationOf(generations, lane);
  if (at === 0) return null;
  const before = generations[at - 1]!;
  return first - before + ((lane - first) % before);
}

/** The lanes before this one that had its keys, the oldest first. */
export function ancestorsOf(generations: Generations, lane: number): number[] {
  const parent = parentOf(generations, lane);
  return parent === null ? [] : [...ancestorsOf(generations, parent), parent];
}

/** The lanes that have the keys of this one now; none while it is of the present generation. */
export function childrenOf(generations: Generations, lane: number): number[] {
  return Array.from({ length: lanesOf(generations) }, (_, at) => at).filter(
    (other) => parentOf(generations, other) === lane,
  );
}

/** The first lane of the generation behind this one's; null for a lane of the present generation. */
export function firstBehind(generations: Generations, lane: number): number | null {
  const { at, first, count } = generationOf(generations, lane);
  return at === generations.length - 1 ? null : first + count;
}

/** Whether a lane has a key, while it is of the present generation. */
export function ownerIn(generations: Generations, lane: number): (key: string) => boolean {
  const { first, count } = generationOf(generations, lane);
  return (key) => first + partitionOf(key, count) === lane;
}

const TEXT = /^lanes: (\d+(?:, \d+)*)$/;

/** As the description of a stream, which is changed together with its subjects. */
export const generationsText = (generations: Generations): string =>
  `lanes: ${generations.join(", ")}`;

/** The generations that a stream's description names; null if it names none. */
export function parseGenerations(text: string | undefined): Generations | null {
  const list = TEXT.exec(text ?? "")?.[1];
  return list === undefined ? null : list.split(", ").map(Number);
}

/**
 * A log's generations once it has this many lanes; the same if it has them.
 * @throws RangeError that says why it cannot have them.
 */
export function grown(generations: Generations, count: number): Generations {
  const { count: now } = presentLanes(generations);
  if (count === now) return generations;
  if (count < now)
    throw new RangeError(
      `it has ${now} partitions, and a log never gets fewer: leave the option out, or say ${now} or a multiple of it`,
    );
  if (count % now !== 0)
    throw new RangeError(
      `it has ${now} partitions, and grows to a multiple of them: ${2 * now}, ${3 * now} or more`,
    );
  return [...generations, count];
}
