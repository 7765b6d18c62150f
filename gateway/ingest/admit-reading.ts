// Admission of one payload for one contract (pure): its version, whether it keeps to that, whether its
// time can be, and the partition it goes to.
import canonicalize from "canonicalize";
import { type Contract, violationOf } from "../../contracts/schema/contract.ts";
import { encodeReading } from "../../contracts/messages/frame.ts";
import { partitionOf } from "../../contracts/names/partition.ts";
import { eventTimeMs, seriesKeyOf } from "../../contracts/messages/reading.ts";
import type { RejectReason } from "../../contracts/messages/reject.ts";
import { inexactNumber } from "./check-numbers.ts";
import { type Admitted, type ReadingRules, type Refused, refuse } from "./admission.ts";

/** A device clock may be ahead of the gateway's by this much. */
export const CLOCK_AHEAD_MAX_MS = 5 * 60_000;

/** The store counts nanoseconds in 64 bits: from 1677-09-21 to 2262-04-11. */
const STORE_TIME_MAX_MS = 9_223_372_036_000;

/** Longer ids would not fit into a NATS subject, whose line is at most 4 KiB, once escaped. */
export const DEVICE_CHARS_MAX = 128;

export interface Candidate {
  readonly device: string;
  readonly contract: string;
  /** As the topic or the mapping says; undefined leaves it to the payload, else to what fits. */
  readonly version: number | undefined;
  readonly payload: Record<string, unknown>;
  /** The payload as it goes into the frame. */
  readonly text: string;
  /** "Now" for the clock checks; for a replay, the time of the original arrival. */
  readonly receivedAtMs: number;
  readonly traceparent: string | null;
}

export function admitReading(rules: ReadingRules, candidate: Candidate): Admitted | Refused {
  const { device, payload, text, receivedAtMs, traceparent } = candidate;
  const choice = chooseVersion(rules.catalog.versions(candidate.contract), candidate);
  if (choice.kind === "reject") return choice;
  const { contract } = choice;
  const fault =
    checkTime(rules, contract, payload, receivedAtMs) ??
    checkNumbers(contract, payload, text) ??
    checkHashable(contract, payload, text);
  const { name, version } = contract;
  if (fault) return refuse(fault.reason, fault.detail, { device, contract: name, version });
  return {
    kind: "reading",
    partition: partitionOf(seriesKeyOf(contract, device, payload), rules.partitions),
    encoded: encodeReading({
      device,
      contract: name,
      version,
      receivedAtMs,
      traceparent,
      payload: text,
    }),
  };
}

/** The reason why no payload can be for this contract, or null; asked before a payload is decoded. */
export function refuseAddress(
  rules: ReadingRules,
  { device, contract }: Pick<Candidate, "device" | "contract">,
): Refused | null {
  if (device.length > DEVICE_CHARS_MAX)
    return refuse("too_large", `the device id is longer than ${DEVICE_CHARS_MAX} characters`);
  return rules.catalog.versions(contract).length === 0
    ? refuse("unknown_contract", `contract "${contract}" is unknown`, { device, contract })
    : null;
}

type Choice = { kind: "contract"; contract: Contract } | Refused;

/**
 * The version that topic or payload says, and no other; if neither says one, the newest that fits.
 * Where both do, the schema's own `const` settles whether they agree.
 */
function chooseVersion(versions: readonly Contract[], candidate: Candidate): Choice {
  const { device, contract: name, payload } = candidate;
  const said = candidate.version ?? versionInside(versions, payload);
  const tried = said === undefined ? versions : versions.filter(({ version }) => version === said);
  const newest = tried[0];
  if (!newest)
    return refuse("unknown_contract", `contract "${name}" has no version ${said ?? "at all"}`, {
      device,
      contract: name,
      ...(said === undefined ? {} : { version: said }),
    });
  for (const contract of tried)
    if (contract.validate(payload)) return { kind: "contract", contract };
  newest.validate(payload);
  const at = { device, contract: name, version: newest.version };
  return refuse("contract_violation", violationOf(newest), at);
}

function versionInside(
  versions: readonly Contract[],
  payload: Candidate["payload"],
): number | undefined {
  for (const { versionProperty } of versions) {
    const value = versionProperty === undefined ? undefined : payload[versionProperty];
    if (typeof value === "number" && Number.isSafeInteger(value)) return value;
  }
  return undefined;
}

/** A check that failed. */
interface Fault {
  readonly reason: RejectReason;
  readonly detail: string;
}

function checkTime(
  rules: ReadingRules,
  contract: Contract,
  payload: Candidate["payload"],
  receivedAtMs: number,
): Fault | null {
  const timeMs = eventTimeMs(contract, payload, receivedAtMs);
  const property = contract.timeProperty ?? "ts";
  if (!Number.isSafeInteger(timeMs))
    return { reason: "contract_violation", detail: `/${property} is not a time` };
  if (timeMs > receivedAtMs + CLOCK_AHEAD_MAX_MS)
    return { reason: "clock_ahead", detail: `/${property} is ${timeMs - receivedAtMs} ms ahead` };
  if (timeMs < -STORE_TIME_MAX_MS || timeMs > STORE_TIME_MAX_MS)
    return {
      reason: "contract_violation",
      detail: `/${property} is not between the years 1678 and 2262, which is what can be stored`,
    };
  const ageMs = receivedAtMs - timeMs;
  const ageMaxMs = rules.ageMaxMs ?? contract.ageMaxMs;
  if (ageMs > ageMaxMs)
    return {
      reason: "clock_behind",
      detail: `/${property} is ${ageMs} ms old, the limit is ${ageMaxMs} ms`,
    };
  return null;
}

function checkNumbers(
  contract: Contract,
  payload: Candidate["payload"],
  text: string,
): Fault | null {
  const detail = inexactNumber(contract, payload, text);
  return detail === null ? null : { reason: "contract_violation", detail };
}

/** Only such text can hold a lone surrogate or a number beyond a double. */
const SUSPICIOUS = /\\u[dD]|[eE]\+?0*\d{3}/;
const LONG_NUMBER_CHARS = 309;

/**
 * Null if the reading has a canonical form. A reading without a sequence is known by the hash of that
 * form, which some valid JSON does not have (RFC 8785, 3.2.2): it would stop its lane's readers.
 */
function checkHashable(
  contract: Contract,
  payload: Candidate["payload"],
  text: string,
): Fault | null {
  if (contract.identity === "sequence") return null;
  if (!SUSPICIOUS.test(text) && text.length < LONG_NUMBER_CHARS) return null;
  try {
    canonicalize(payload);
    return null;
  } catch (error) {
    return {
      reason: "contract_violation",
      detail: `the payload has no canonical form: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
}
