// Start rows (pure): where in the recorded day each room begins, so that alerts can be watched.
//
// S1. Every room of the fleet starts at another row, as long as there are rows enough.
// S2. Rooms that shall alert start just before the CO2 rises, wherever the recording has a rise that
//     the rule raises and clears within the horizon at the given speed.

/** The rule the starts are looked for: above `above` for `forMs`, resolved below `clearBelow`. */
export interface Episode {
  readonly above: number;
  readonly forMs: number;
  readonly clearBelow: number;
  /** Both must have happened this long after the start. */
  readonly horizonMs: number;
}

/** `forMs` leaves a second for devices that send a little late; the rule itself says 10 s. */
export const CO2_EPISODE: Episode = {
  above: 1000,
  forMs: 11_000,
  clearBelow: 900,
  horizonMs: 35_000,
};

/** The rule's effect on a room that starts at some row; times since the start, null: not in time. */
export interface Forecast {
  readonly startsAbove: boolean;
  readonly aboveFromMs: number | null;
  readonly raisedAtMs: number | null;
  readonly clearedAtMs: number | null;
}

/** The time before the rise at which a room should start: long enough to see it coming. */
const LEAD_MS = 2_000;

/** Plays the rule over the recording from `start`, wrapping round at its end. */
export function forecast(
  values: readonly number[],
  start: number,
  rowsPerSecond: number,
  episode: Episode,
): Forecast {
  const startsAbove = values[start % values.length]! > episode.above;
  const rowsMax = Math.min(Math.floor((episode.horizonMs * rowsPerSecond) / 1000), values.length);
  let aboveFromMs: number | null = null;
  let raisedAtMs: number | null = null;
  for (let row = 0; row <= rowsMax; row++) {
    const value = values[(start + row) % values.length]!;
    const atMs = (row * 1000) / rowsPerSecond;
    if (raisedAtMs !== null) {
      if (value < episode.clearBelow)
        return { startsAbove, aboveFromMs, raisedAtMs, clearedAtMs: atMs };
    } else if (value > episode.above) {
      aboveFromMs ??= atMs;
      if (atMs - aboveFromMs >= episode.forMs) raisedAtMs = atMs;
    } else aboveFromMs = null;
  }
  return { startsAbove, aboveFromMs, raisedAtMs, clearedAtMs: null };
}

/**
 * The best `count` starts for seeing an alert come and go, all different, best first.
 *
 * Best are rows at or below the limit from which the alert is raised and cleared in time, about 2 s
 * before the rise; different rises take turns, the one that clears soonest first. The recording has
 * such rows from 2 to 50 rows per second. Where it has none (slower: a rise lasts too short; much
 * faster: the longest one is over before the rule's 10 s are), the next best are taken instead: rows
 * that are above the limit from the start, then rows whose alert is raised but not cleared in time,
 * then any row: the fleet runs, and no alert comes from these rooms in that time.
 */
export function alertStarts(
  values: readonly number[],
  count: number,
  rowsPerSecond: number,
  episode: Episode = CO2_EPISODE,
): number[] {
  if (count === 0) return [];
  const candidates = values.map((_, start) => {
    const seen = forecast(values, start, rowsPerSecond, episode);
    const leadErrorMs = Math.abs((seen.aboveFromMs ?? 0) - LEAD_MS);
    const changeAtMs = seen.clearedAtMs ?? seen.raisedAtMs ?? 0;
    return { start, rank: rankOf(seen), leadErrorMs, changeAtMs };
  });
  candidates.sort(
    (a, b) => a.rank - b.rank || a.leadErrorMs - b.leadErrorMs || a.changeAtMs - b.changeAtMs,
  );
  const chosen: number[] = [];
  for (let rank = 0; rank < 4 && chosen.length < count; rank++) {
    const rises = Map.groupBy(
      candidates.filter((candidate) => candidate.rank === rank),
      ({ start, changeAtMs }) => (start + rowsIn(changeAtMs, rowsPerSecond)) % values.length,
    );
    const soonest = [...rises.values()].sort((a, b) => a[0]!.changeAtMs - b[0]!.changeAtMs);
    for (const { start } of takeTurns(soonest, count - chosen.length)) chosen.push(start);
  }
  return chosen;
}

/**
 * One start per room: those that shall alert get an alert start, the others are spread evenly (S1, S2).
 * @param alerting for each room, whether it shall alert soon.
 */
export function startRows(
  values: readonly number[],
  alerting: readonly boolean[],
  rowsPerSecond: number,
): number[] {
  const starts = alertStarts(values, alerting.filter(Boolean).length, rowsPerSecond);
  const taken = new Set(starts);
  let next = 0;
  return alerting.map((alerts, room) => {
    if (alerts) return starts[next++] ?? 0;
    let row = Math.floor((room * values.length) / alerting.length);
    for (let tries = 0; taken.has(row) && tries < values.length; tries++)
      row = (row + 1) % values.length;
    taken.add(row);
    return row;
  });
}

function rankOf({ startsAbove, raisedAtMs, clearedAtMs }: Forecast): number {
  if (clearedAtMs !== null) return startsAbove ? 1 : 0;
  return raisedAtMs !== null ? 2 : 3;
}

const rowsIn = (ms: number, rowsPerSecond: number): number =>
  Math.round((ms * rowsPerSecond) / 1000);

function takeTurns<T>(groups: readonly (readonly T[])[], count: number): T[] {
  const taken: T[] = [];
  for (let turn = 0; taken.length < count && groups.some((group) => turn < group.length); turn++)
    for (const group of groups)
      if (turn < group.length && taken.length < count) taken.push(group[turn]!);
  return taken;
}
