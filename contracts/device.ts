// Who may connect: one record for each device, person or service in bucket `devices`.
import { Ajv } from "ajv";
import { formatProblem } from "./messages/format.ts";
import { nameProblem, textProblem } from "./names/text.ts";
import { escapeToken, unescapeToken } from "./names/token.ts";
import { isReservedTopic, parseLogFilter } from "./names/topics.ts";

/**
 * A closed table; what each may do is in gateway/identity/access.ts.
 * `device` its own topics; `bridge` speaks for other devices, too; `actuator` reads alerts and sends
 * commands; `operator` reads everything and sends commands; `observer` only reads.
 */
export const DEVICE_ROLES = ["device", "bridge", "actuator", "operator", "observer"] as const;

export type DeviceRole = (typeof DEVICE_ROLES)[number];

/** A generated secret of 128 bits: too many to guess, so a fast hash is enough. */
export interface SecretCredential {
  readonly kind: "secret";
  /** Hex, of the secret's UTF-8. */
  readonly sha256: string;
  /** Absent on records of before: such a secret may have been chosen, and may be guessed at. */
  readonly generated?: true;
}

/** A password that somebody chose: slow on purpose (scrypt, N 16384, r 8, p 1). */
export interface PasswordCredential {
  readonly kind: "password";
  /** Base64. */
  readonly salt: string;
  /** Base64, 32 bytes. */
  readonly scrypt: string;
}

/** A client certificate whose CN, DNS name or URI is the id, from an authority the listener trusts. */
export interface CertificateCredential {
  readonly kind: "certificate";
  /** SHA-256 of the one certificate that it may be, in lower-case hex; absent: any with that name. */
  readonly fingerprint?: string;
}

export type Credential = SecretCredential | PasswordCredential | CertificateCredential;

/** Topic filters; `devices/`, `alerts/` and `$…` are never covered by them, also not by a `#` or `+` in first place. */
export interface RelayRights {
  readonly publish?: readonly string[];
  readonly subscribe?: readonly string[];
}

export interface Device {
  readonly id: string;
  readonly role: DeviceRole;
  /** Any one of them is enough, so a secret can be replaced without a gap. */
  readonly credentials: readonly Credential[];
  /** Lets a `device` or `bridge` read `alerts/#`; the other roles may anyway. */
  readonly alerts?: boolean;
  /** Topic filters of its own outside `devices/`, to publish and to subscribe: `tele/boiler-7/#`. */
  readonly topics?: readonly string[];
  /** Rights to exchange messages with other clients on topics that are not ours; absent: none. */
  readonly relay?: RelayRights;
  /**
   * The devices that a `bridge` speaks for: ids, with at most one `*` for any characters (`room-*`), registered or not.
   * Absent: every device that has no record.
   */
  readonly speaksFor?: readonly string[];
  /**
   * The readings that it may read from the region's log, as a member of a group: `{contract}`, `{contract}/{device}`, `+` for
   * any, or `#`. Absent: none.
   */
  readonly readsLog?: readonly string[];
  /** Epoch milliseconds. */
  readonly createdAtMs: number;
  /** Epoch milliseconds of the last time it was let in again after a revocation: what it left before that is not its own. */
  readonly renewedAtMs?: number;
  /** Epoch milliseconds; once set, nothing lets it in. */
  readonly revokedAtMs?: number;
}

/** That of client ids, which begin with the device's. */
export const DEVICE_ID_BYTES_MAX = 128;
export const CREDENTIALS_MAX = 4;
export const DEVICE_TOPICS_MAX = 16;
export const RELAY_FILTERS_MAX = 64;
export const SPEAKS_FOR_MAX = 64;
export const LOG_FILTERS_MAX = 64;
/** The bound on the bytes of a topic (MQTT 5, 1.5.4). */
const TOPIC_BYTES_MAX = 65_535;

/** The form of nearly every id. */
const PLAIN_ID = /^[\w.:-]{1,128}$/;

export class DeviceError extends Error {
  override readonly name = "DeviceError";
}

/**
 * The fingerprint as a record has it, of one as `openssl x509 -fingerprint -sha256` prints it.
 * @throws DeviceError if it is none.
 */
export function certificateFingerprint(text: string): string {
  const hex = text
    .trim()
    .replace(/^(sha256 fingerprint=)/i, "")
    .replaceAll(":", "")
    .toLowerCase();
  if (/^[0-9a-f]{64}$/.test(hex)) return hex;
  throw new DeviceError(
    `"${text}" is no SHA-256 fingerprint of a certificate: 64 hexadecimal digits, with or without colons`,
  );
}

const RELAY_FILTERS = {
  type: "array",
  minItems: 1,
  maxItems: RELAY_FILTERS_MAX,
  items: { type: "string" },
};

const base64 = (length: number) => ({ type: "string", minLength: length, maxLength: length });

/** Members that it does not know are a newer program's, and stay where a record is changed (format.ts/N2). */
const validate = new Ajv({ strict: true, discriminator: true }).compile<Device>({
  type: "object",
  required: ["id", "role", "credentials", "createdAtMs"],
  properties: {
    id: { type: "string" },
    role: { enum: DEVICE_ROLES },
    credentials: {
      type: "array",
      maxItems: CREDENTIALS_MAX,
      items: {
        type: "object",
        discriminator: { propertyName: "kind" },
        required: ["kind"],
        properties: { kind: { type: "string" } },
        oneOf: [
          {
            type: "object",
            required: ["sha256"],
            properties: {
              kind: { const: "secret" },
              sha256: { type: "string", pattern: "^[0-9a-f]{64}$" },
              generated: { const: true },
            },
          },
          {
            type: "object",
            required: ["salt", "scrypt"],
            properties: { kind: { const: "password" }, salt: base64(24), scrypt: base64(44) },
          },
          {
            type: "object",
            properties: {
              kind: { const: "certificate" },
              fingerprint: { type: "string", pattern: "^[0-9a-f]{64}$" },
            },
          },
        ],
      },
    },
    alerts: { type: "boolean" },
    topics: { type: "array", maxItems: DEVICE_TOPICS_MAX, items: { type: "string" } },
    relay: {
      type: "object",
      additionalProperties: false,
      minProperties: 1,
      properties: { publish: RELAY_FILTERS, subscribe: RELAY_FILTERS },
    },
    speaksFor: {
      type: "array",
      minItems: 1,
      maxItems: SPEAKS_FOR_MAX,
      items: { type: "string" },
    },
    readsLog: {
      type: "array",
      minItems: 1,
      maxItems: LOG_FILTERS_MAX,
      items: { type: "string" },
    },
    createdAtMs: { type: "integer", minimum: 0 },
    renewedAtMs: { type: "integer", minimum: 0 },
    revokedAtMs: { type: "integer", minimum: 0 },
  },
});

/** The fault of a device id, or null. An id is a topic level, so none that MQTT gives a meaning. */
export function deviceIdProblem(id: string): string | null {
  if (PLAIN_ID.test(id)) return null;
  const problem = nameProblem(id, DEVICE_ID_BYTES_MAX);
  if (problem !== null) return `the id ${problem}`;
  if (/[/+#]/.test(id)) return "the id holds / or + or #";
  if (/\p{C}/u.test(id)) return "the id holds characters that nobody sees";
  if (id.trim() !== id) return "the id begins or ends with a space";
  if (id.startsWith("$")) return "the id starts with $";
  return null;
}

/**
 * What is wrong with a granted topic filter, or null. Its first level is literal and none of ours,
 * so that no grant widens what roles allow under `devices/` and `alerts/`.
 */
export function grantProblem(filter: string): string | null {
  const problem = textProblem(filter, TOPIC_BYTES_MAX);
  if (problem !== null) return `the topic filter ${JSON.stringify(filter)} ${problem}`;
  const levels = filter.split("/");
  const [first = ""] = levels;
  if (first === "" || /[+#$]/.test(first))
    return `"${filter}": the first level must be a plain name`;
  if (first === "devices" || first === "alerts")
    return `"${filter}": ${first}/ belongs to the roles`;
  const legal = levels.every(
    (level, at) =>
      level === "+" || (level === "#" && at === levels.length - 1) || !/[+#\p{C}]/u.test(level),
  );
  return legal ? null : `"${filter}" is no topic filter`;
}

/** The fault of a filter of relayed topics, or null. */
export function relayFilterProblem(filter: string): string | null {
  const problem = textProblem(filter, TOPIC_BYTES_MAX);
  if (problem !== null) return `the topic filter ${JSON.stringify(filter)} ${problem}`;
  const levels = filter.split("/");
  const legal = levels.every(
    (level, at) =>
      level === "+" || (level === "#" && at === levels.length - 1) || !/[+#\p{C}]/u.test(level),
  );
  if (!legal || filter === "") return `"${filter}" is no topic filter`;
  return isReservedTopic(filter)
    ? `"${filter}": devices/, alerts/ and $ are Skerry's own and never relayed`
    : null;
}

/** The fault of a pattern of device ids that a bridge speaks for, or null. */
export function speaksForProblem(pattern: string): string | null {
  const problem = deviceIdProblem(pattern);
  if (problem !== null) return `"${pattern}": ${problem}`;
  return pattern.split("*").length <= 2
    ? null
    : `"${pattern}": one * at most may stand for any characters`;
}

/** The fault of a filter of readings in the log, or null. */
export function readsLogProblem(filter: string): string | null {
  const problem = textProblem(filter, TOPIC_BYTES_MAX);
  if (problem !== null) return `the filter ${JSON.stringify(filter)} ${problem}`;
  return parseLogFilter(`$log/${filter}`) === null
    ? `"${filter}" names no readings of the log: a contract, or {contract}/{device}, + for any, or # for all`
    : null;
}

/** The key of a device in the bucket. */
export const deviceKey = (id: string): string => escapeToken(id);

export const deviceOfKey = (key: string): string => unescapeToken(key);

/**
 * Checks a record as read from the bucket or about to be written.
 * @throws DeviceError naming the property at fault.
 */
export function checkDevice(value: unknown): Device {
  const newer = formatProblem("device", value);
  if (newer !== null) throw new DeviceError(newer);
  if (!validate(value)) {
    const error = validate.errors?.[0];
    throw new DeviceError(`${error?.instancePath ?? ""} ${error?.message ?? "is invalid"}`.trim());
  }
  const problem =
    deviceIdProblem(value.id) ??
    value.topics?.map(grantProblem).find((found) => found !== null) ??
    [...(value.relay?.publish ?? []), ...(value.relay?.subscribe ?? [])]
      .map(relayFilterProblem)
      .find((found) => found !== null) ??
    value.speaksFor?.map(speaksForProblem).find((found) => found !== null) ??
    value.readsLog?.map(readsLogProblem).find((found) => found !== null) ??
    (value.speaksFor && value.role !== "bridge"
      ? `/speaksFor: only a bridge speaks for others, not role ${value.role}`
      : null);
  if (problem) throw new DeviceError(problem);
  return value;
}
