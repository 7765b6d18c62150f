/** The number of readings that a wrong clock lasts. */
const READINGS_OF_A_JUMP = 5;
const BEHIND_MS = -3 * 3_600_000;
const AHEAD_MS = 2 * 3_600_000;

export interface Misbehaviour {
  /** The reading is published a second time, as a device does that lost a PUBACK. */
  readonly twice: boolean;
  /** Added to the device's clock: hours behind and hours ahead, in turn. */
  readonly clockMs: number;
}

const NONE: Misbehaviour = { twice: false, clockMs: 0 };

/** The fault of the `made`-th reading of a device that misbehaves `every` readings; 0: never. */
export function misbehaviourOf(made: number, every: number): Misbehaviour {
  if (every === 0 || made < every) return NONE;
  const at = made % every;
  if (at === READINGS_OF_A_JUMP) return { twice: true, clockMs: 0 };
  if (at > READINGS_OF_A_JUMP) return NONE;
  return { twice: false, clockMs: Math.floor(made / every) % 2 === 0 ? AHEAD_MS : BEHIND_MS };
}
