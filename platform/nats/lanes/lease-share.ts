// The lanes that a member takes or gives up, so that all members hold about equally many. Pure.

export interface ShareState {
  /** Lanes there are, by key. */
  readonly lanes: readonly string[];
  /** Those that this member holds. */
  readonly held: ReadonlySet<string>;
  /** Those that anybody holds. */
  readonly taken: ReadonlySet<string>;
  /** Members alive, this one included. */
  readonly members: number;
}

export interface ShareChanges {
  readonly take: readonly string[];
  readonly giveUp: readonly string[];
}

/**
 * A fair share is `ceil(lanes / members)`: together the members can hold every lane, and one that
 * holds more than its share gives up what others are then free to take.
 */
export function shareChanges({ lanes, held, taken, members }: ShareState): ShareChanges {
  const share = Math.ceil(lanes.length / Math.max(1, members));
  const own = lanes.filter((lane) => held.has(lane));
  const free = lanes.filter((lane) => !taken.has(lane) && !held.has(lane));
  return { take: free.slice(0, Math.max(0, share - own.length)), giveUp: own.slice(share) };
}
