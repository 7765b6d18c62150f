// The lanes that a region's log has had (pure). A log that grows begins a stage of lanes; those before it end.
//
// G1. Lanes are numbered through all stages: no number is used twice, so a lane's frames, positions and alerts
//     are of it alone.
// G2. Each stage has a multiple of the lanes of the one before. So all keys of a lane were in one lane before,
//     its parent, and what is known of them is what the parent knew.
import { partitionOf } from "./partition.ts";

/** The number of lanes of each stage of a log, the present one last. */
export type Stages = readonly number[];

const sum = (numbers: readonly number[]): number => numbers.reduce((all, each) => all + each, 0);

/** All lanes that there ever were, those that have ended too. */
export const lanesOf = (stages: Stages): number => sum(stages);

/** The present lanes, as the number of the first and how many there are. */
export const presentLanes = (stages: Stages): { first: number; count: number } => ({
  first: sum(stages.slice(0, -1)),
  count: stages.at(-1)!,
});

/** The stage that a lane is of: its place, its first lane and how many it has. */
function stageOf(stages: Stages, lane: number) {
  let first = 0;
  for (const [at, count] of stages.entries()) {
    if (lane < first + count) return { at, first, count };
    first += count;
  }
  throw new RangeError(`lane ${lane} is none of ${lanesOf(stages)}`);
}

/** The lane before this one that had its keys; null in the first stage (G2). */
export function parentOf(stages: Stages, lane: number): number | null {
  const { at, first } = stageOf(stages, lane);
  if (at === 0) return null;
  const before = stages[at - 1]!;
  return first - before + ((lane - first) % before);
}

/** The lanes before this one that had its keys, the oldest first. */
export function ancestorsOf(stages: Stages, lane: number): number[] {
  const parent = parentOf(stages, lane);
  return parent === null ? [] : [...ancestorsOf(stages, parent), parent];
}

/** The lanes that have the keys of this one now; none while it is of the present stage. */
export function childrenOf(stages: Stages, lane: number): number[] {
  return Array.from({ length: lanesOf(stages) }, (_, at) => at).filter(
    (other) => parentOf(stages, other) === lane,
  );
}

/** The first lane of the stage behind this one's; null for a lane of the present stage. */
export function firstBehind(stages: Stages, lane: number): number | null {
  const { at, first, count } = stageOf(stages, lane);
  return at === stages.length - 1 ? null : first + count;
}

/** Whether a lane has a key, while it is of the present stage. */
export function ownerIn(stages: Stages, lane: number): (key: string) => boolean {
  const { first, count } = stageOf(stages, lane);
  return (key) => first + partitionOf(key, count) === lane;
}

const TEXT = /^lanes: (\d+(?:, \d+)*)$/;

/** As the description of a stream, which is changed together with its subjects. */
export const stagesText = (stages: Stages): string => `lanes: ${stages.join(", ")}`;

/** The stages that a stream's description names; null if it names none. */
export function parseStages(text: string | undefined): Stages | null {
  const list = TEXT.exec(text ?? "")?.[1];
  return list === undefined ? null : list.split(", ").map(Number);
}

/**
 * A log's stages once it has this many lanes; the same if it has them.
 * @throws RangeError that says why it cannot have them.
 */
export function grown(stages: Stages, count: number): Stages {
  const { count: now } = presentLanes(stages);
  if (count === now) return stages;
  if (count < now)
    throw new RangeError(
      `it has ${now} partitions, and a log never gets fewer: leave the option out, or say ${now} or a multiple of it`,
    );
  if (count % now !== 0)
    throw new RangeError(
      `it has ${now} partitions, and grows to a multiple of them: ${2 * now}, ${3 * now} or more`,
    );
  return [...stages, count];
}
