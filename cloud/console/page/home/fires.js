// What fires, told apart and counted: problems and alerts of the platform, and alerts about devices (pure).
import { isOwnRule } from "../alerts/own-rule.js";

/** Alerts that are asked for; of more only the number is known. */
export const ASKED = 50;

/**
 * Lists and counts of what fires. `alerts` are those that were asked for, null if they are not known: then the number
 * of all that fire is, and `platform` and `devices` are null. `more` is the number of those that are only counted,
 * with the devices': the newest are known, and some of the others may be the platform's.
 */
export function firesOf({ problems, alertsFiring }, alerts) {
  const own = (alerts ?? []).filter(isOwnRule);
  const ofDevices = (alerts ?? []).filter((alert) => !isOwnRule(alert));
  const lists = { problems, own, ofDevices };
  if (alerts === null) {
    const all = typeof alertsFiring === "number" ? alertsFiring : null;
    return { ...lists, all, platform: null, devices: null };
  }
  const more = alerts.length < ASKED ? 0 : Math.max(0, (alertsFiring ?? 0) - alerts.length);
  const platform = own.length;
  const devices = ofDevices.length + more;
  return { ...lists, all: platform + devices, platform, devices, more };
}
