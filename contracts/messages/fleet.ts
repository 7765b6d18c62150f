// The level of formats that is written in an installation: people raise it once every process reads the next one.

/** Key of the level in bucket `generations`. */
export const FLEET_KEY = "fleet";

export interface FleetLevel {
  readonly level: number;
  /** The person who said that the upgrade is finished, the time, and the version of the program that wrote it. */
  readonly by: string;
  readonly atMs: number;
  readonly version: string;
}
