// Whom a record speaks for (pure): the devices whose readings and replies it may send, on whatever topic.
//
// V1. A record speaks for the device of its own id. Only a bridge speaks for others.
// V2. A bridge whose record names devices speaks for those, registered or not; one that names none, for every
//     device that has no record, not even a revoked one.
// V3. Anonymous clients speak for devices that have no record.
import type { Device } from "../../contracts/device.ts";

export interface Speech {
  /** True if it may speak for the device. */
  speaksFor(device: string, isRegistered: (id: string) => boolean): boolean;
  /** The reason why not, and what would be right. */
  readonly otherwise: string;
}

export function speechOf({
  id,
  role,
  speaksFor,
}: Pick<Device, "id" | "role" | "speaksFor">): Speech {
  if (role !== "bridge")
    return {
      speaksFor: (device) => device === id, // V1
      otherwise: `role ${role} speaks for itself alone; a bridge speaks for others`,
    };
  if (speaksFor === undefined)
    return {
      speaksFor: (device, isRegistered) => device === id || !isRegistered(device), // V2
      otherwise: "it has a record of its own; a bridge has to name it (--speaks-for)",
    };
  const names = new Set(speaksFor);
  const patterns = speaksFor.flatMap((pattern) => {
    const [before = "", after] = pattern.split("*");
    return after === undefined ? [] : [{ before, after, length: before.length + after.length }];
  });
  return {
    speaksFor: (device) =>
      device === id ||
      names.has(device) ||
      patterns.some(
        ({ before, after, length }) =>
          device.length >= length && device.startsWith(before) && device.endsWith(after),
      ),
    otherwise: "the record of the bridge does not name it (--speaks-for)",
  };
}
