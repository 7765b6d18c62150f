// All devices in memory, so that a CONNECT asks nobody (pure: fed with entries of the bucket).
//
// D1. A record that cannot be read lets nobody in, and its id stays taken; it is told.
// D2. `apply` says when a connection must end: its record is gone or revoked, a credential was
//     taken away, or its rights changed. A further credential disturbs nobody.
// D3. A grant stands for one record and its rights. It is another one once the record was made anew, let in again
//     after a revocation, or given other rights; credentials have no part in it, nor has whom a bridge speaks for,
//     which is judged message by message.
import { createHash } from "node:crypto";
import {
  type Device,
  DeviceError,
  checkDevice,
  deviceKey,
  deviceOfKey,
} from "../../contracts/device.ts";
import { messageOf } from "../../platform/runtime/errors.ts";
import { type Rights, rightsOf } from "./access.ts";
import { type Speech, speechOf } from "./speech.ts";

export interface Known {
  readonly device: Device;
  readonly rights: Rights;
  readonly speech: Speech;
  /** D3. */
  readonly grant: string;
}

/** That of clients without a record; one of a record is a digest. */
export const ANONYMOUS_GRANT = "anonymous";

export type Change =
  | { kind: "unchanged"; id: string }
  /** `registered`: the id was unknown, so whoever used it so far had no credentials. */
  | { kind: "registered"; id: string }
  | { kind: "ended"; id: string }
  | { kind: "unreadable"; id: string; problem: string };

export class DeviceBook {
  /** Null for a record that cannot be read. */
  readonly #byId = new Map<string, Known | null>();
  /** Records by the digests of their generated secrets, as they were when they were read. */
  readonly #bySecret = new Map<string, string>();
  /** Grows with every change: what was decided before may be otherwise now. */
  revision = 0;

  get size(): number {
    return this.#byId.size;
  }

  /** True if there is a record at all, even a revoked or unreadable one: its id is nobody else's. */
  has(id: string): boolean {
    return this.#byId.has(id);
  }

  /** Null unless the id may log in. */
  active(id: string): Known | null {
    const known = this.#byId.get(id);
    return known && known.device.revokedAtMs === undefined ? known : null;
  }

  /** The record that has a secret of this digest (hex), if it may log in; which secret is right is asked elsewhere. */
  ownerOfSecret(sha256: string): string | undefined {
    const id = this.#bySecret.get(sha256);
    const known = id === undefined ? null : this.active(id);
    return known && generatedIn(known).includes(sha256) ? id : undefined;
  }

  /** @param text the record as stored; empty when it was deleted. */
  apply(key: string, text: string): Change {
    const id = deviceOfKey(key);
    // A key that no id is spelled as must not touch the device it resembles.
    if (deviceKey(id) !== key)
      return { kind: "unreadable", id: key, problem: "the key is no id's" };
    this.revision += 1;
    const before = this.#byId.get(id);
    for (const secret of before ? generatedIn(before) : []) this.#bySecret.delete(secret);
    if (text === "") return { kind: this.#byId.delete(id) ? "ended" : "unchanged", id };
    const device = readDevice(id, text);
    if (device instanceof Error) {
      this.#byId.set(id, null); // D1
      return { kind: "unreadable", id, problem: messageOf(device) };
    }
    const [rights, speech] = [rightsOf(device), speechOf(device)];
    const known = { device, rights, speech, grant: grantOf(device) };
    this.#byId.set(id, known);
    for (const secret of generatedIn(known)) this.#bySecret.set(secret, id);
    if (before === undefined) return { kind: "registered", id };
    return { kind: before && mustEnd(before, known) ? "ended" : "unchanged", id };
  }
}

/** The digests of the secrets that were generated: nobody can guess at those, so one may stand for its record. */
const generatedIn = ({ device }: Pick<Known, "device">): string[] =>
  device.credentials.flatMap((one) =>
    one.kind === "secret" && one.generated === true ? [one.sha256] : [],
  );

function readDevice(id: string, text: string): Device | Error {
  try {
    const device = checkDevice(JSON.parse(text));
    if (device.id !== id) return new DeviceError(`it says it is "${device.id}"`);
    return device;
  } catch (error) {
    return error as Error;
  }
}

/** D3 */
function grantOf(device: Device) {
  const { id, role, alerts = false, topics = [], relay, readsLog } = device;
  const { createdAtMs, renewedAtMs } = device;
  const made: unknown[] = [id, createdAtMs, renewedAtMs ?? null, role, alerts, topics];
  // Records without it keep the grant that sessions of earlier versions were stored with.
  if (relay) made.push([relay.publish ?? [], relay.subscribe ?? []]);
  if (readsLog) made.push({ readsLog });
  return createHash("sha256").update(JSON.stringify(made)).digest("base64url");
}

/** D2 */
function mustEnd(before: Known, after: Known): boolean {
  if (before.device.revokedAtMs !== undefined) return false;
  if (after.device.revokedAtMs !== undefined || before.grant !== after.grant) return true;
  const kept = new Set(after.device.credentials.map((credential) => JSON.stringify(credential)));
  return before.device.credentials.some((credential) => !kept.has(JSON.stringify(credential)));
}
