// Changes of a device's record.
import type { Credential, Device, DeviceRole, RelayRights } from "../../../contracts/device.ts";
import { generateSecret, secretCredential } from "../../../gateway/identity/secrets.ts";
import { refused } from "../refused.ts";

/** Credentials that are valid after a rotation: the new one and the one before it. */
const CREDENTIALS_WHILE_ROTATING = 2;

export interface DeviceChange {
  readonly role?: DeviceRole;
  readonly alerts?: boolean;
  readonly topics?: readonly string[];
  /** Takes the place of what it had; of the two lists, one that is left out is kept. */
  readonly relay?: RelayRights;
  /** The devices that a bridge speaks for; with another role than `bridge` there is none. */
  readonly speaksFor?: readonly string[];
  /** The readings that it may read from the region's log. */
  readonly readsLog?: readonly string[];
  /** Earlier credentials of one that exists, and a revocation, end at once. */
  readonly replace?: boolean;
  /** The credential before this one, of one that exists, stays valid. */
  readonly rotate?: boolean;
}

/** @throws AppError `CONFIG_INVALID` if it exists and neither replace nor rotate is said, or the other way round. */
export function changedDevice(
  id: string,
  present: Device | undefined,
  credential: Credential,
  { role, alerts, topics, relay, readsLog, speaksFor, replace, rotate }: DeviceChange,
): Device {
  const isChange = replace === true || rotate === true;
  if (present && !isChange) throw refused(`"${id}" exists: say --replace or --rotate`);
  if (!present && isChange) throw refused(`there is no "${id}"`);
  if (rotate && present?.revokedAtMs !== undefined)
    throw refused(`"${id}" is revoked: say --replace`);
  const before = rotate ? (present?.credentials ?? []) : [];
  const nowMs = Date.now();
  const {
    revokedAtMs,
    speaksFor: spokenFor,
    ...kept
  } = present ?? {
    id,
    role: "device" as const,
    createdAtMs: nowMs,
  };
  const relayed = relay && { ...present?.relay, ...relay };
  const named = speaksFor ?? ((role ?? kept.role) === "bridge" ? spokenFor : undefined);
  return {
    ...kept,
    ...(role ? { role } : {}),
    ...(alerts ? { alerts } : {}),
    ...(topics ? { topics } : {}),
    ...(relayed ? { relay: relayed } : {}),
    ...(readsLog ? { readsLog } : {}),
    ...(named ? { speaksFor: named } : {}),
    ...(revokedAtMs === undefined ? {} : { renewedAtMs: nowMs }),
    credentials: [...before, credential].slice(-CREDENTIALS_WHILE_ROTATING),
  };
}

/** @throws AppError `CONFIG_INVALID` if there is no such device. */
export function revoked(id: string, present: Device | undefined, atMs: number): Device {
  if (!present) throw refused(`there is no "${id}"`);
  return { ...present, revokedAtMs: present.revokedAtMs ?? atMs };
}

/** The record as people may see it: kinds of credentials instead of their hashes. */
export const withoutHashes = ({ credentials, ...device }: Device) => ({
  ...device,
  credentials: credentials.map(({ kind }) => kind),
});

/** A new secret, and the credential that knows it again. */
export function newSecret(): { credential: Credential; secret: string } {
  const secret = generateSecret();
  return { credential: secretCredential(secret), secret };
}
