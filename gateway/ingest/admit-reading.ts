// Admission of one payload for one contract (pure but for what the limit of series remembers): its
// version, whether it keeps to that, whether its time can be, and the partition it goes to.
import canonicalize from "canonicalize";
import { DEVICE_ID_BYTES_MAX, deviceIdProblem } from "../../contracts/device.ts";
import type { Invalid } from "../../contracts/mapping.ts";
import { type Contract, violationOf } from "../../contracts/schema/contract.ts";
import { encodeReading } from "../../contracts/messages/frame.ts";
import { partitionOf } from "../../contracts/names/partition.ts";
import { eventTimeMs, seriesKeyOf } from "../../contracts/messages/reading.ts";
import { type Admitted, type ReadingRules, type Refused, refuse } from "./admission.ts";
import { NO_CANONICAL_JSON, canonicalText } from "./canonical-text.ts";
import { inexactNumber } from "./check-numbers.ts";
import { textFault } from "./check-text.ts";
import { CLOCK_AHEAD_MAX_MS } from "./clock-limit.ts";
import { type Mended, mendReading } from "./mend-reading.ts";
import type { Note } from "./note.ts";
import { type Fault, canBeStored, timeFault, unitHint } from "./time-fault.ts";

export interface Candidate {
  readonly device: string;
  readonly contract: string;
  /** As the topic or the mapping says; undefined leaves it to the payload, else to what fits. */
  readonly version: number | undefined;
  readonly payload: Record<string, unknown>;
  /** The property of the payload that holds the time of arrival, because the device gave none. */
  readonly stamped?: string | undefined;
  /** The payload as it goes into the frame. */
  readonly text: string;
  /** "Now" for the clock checks; for a replay, the time of the original arrival. */
  readonly receivedAtMs: number;
  readonly traceparent: string | null;
  /** The word of a mapping on fields that the contract does not allow, and what it has noted itself. */
  readonly invalid?: ReadonlyMap<string, Invalid> | undefined;
  readonly notes?: readonly Note[] | undefined;
}

/** A time that is the gateway's own stays out: whoever reads the log sees that the device gave none. */
export function loggedPayload({
  payload,
  stamped,
}: Pick<Candidate, "payload" | "stamped">): Candidate["payload"] {
  if (stamped === undefined) return payload;
  const { [stamped]: _, ...rest } = payload;
  return rest;
}

export function admitReading(rules: ReadingRules, candidate: Candidate): Admitted | Refused {
  const { device, receivedAtMs, traceparent } = candidate;
  const choice = chooseVersion(rules.catalog.versions(candidate.contract), candidate);
  if (choice.kind === "reject") return choice;
  const { contract, mended } = choice;
  const { name, version } = contract;
  const payload = mended === null ? candidate.payload : mended.payload;
  const at = { device, contract: name, version };
  // Also of a mended one the text as it came is checked: what is written anew is rounded already.
  const fault =
    checkRest(contract, payload, candidate, mended) ??
    checkText(contract, payload, candidate) ??
    checkTime(rules, contract, payload, receivedAtMs) ??
    checkNumbers(contract, payload, candidate.text) ??
    checkWritable(contract, payload, candidate.text) ??
    rules.seriesLimit?.fault(contract, device, payload);
  if (fault) return refuse(fault.reason, fault.detail, at);
  const { stamped } = candidate;
  const text =
    mended === null ? candidate.text : canonicalText(loggedPayload({ payload, stamped }));
  if (text === null) return refuse("contract_violation", NO_CANONICAL_JSON, at);
  const admitted: Admitted = {
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
  if (mended === null && candidate.notes === undefined) return admitted;
  const notes = [...(candidate.notes ?? []), ...(mended?.notes ?? [])];
  return notes.length === 0 ? admitted : { ...admitted, noted: { device, notes } };
}

/** The reason why no payload can be for this contract, or null; asked before a payload is decoded. */
export function refuseAddress(
  rules: ReadingRules,
  { device, contract }: Pick<Candidate, "device" | "contract">,
): Refused | null {
  const problem = deviceIdProblem(device);
  if (problem !== null) return refuseDevice(device, problem);
  return rules.catalog.versions(contract).length === 0
    ? refuse("unknown_contract", `contract "${contract}" is unknown`, { device, contract })
    : null;
}

/** The reject of an id that is none, and so is not its device. */
const refuseDevice = (id: string, problem: string): Refused =>
  refuse(
    Buffer.byteLength(id) > DEVICE_ID_BYTES_MAX ? "too_large" : "contract_violation",
    `device: ${problem}: ${JSON.stringify(id)}`,
  );

type Choice = { kind: "contract"; contract: Contract; mended: Mended | null } | Refused;

/**
 * The version that topic or payload says, and no other; if neither says one, the newest that fits, else
 * the newest that fits without fields that may be left out. Where both say one, the schema's own `const` settles whether they agree.
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
    if (contract.validate(payload)) return { kind: "contract", contract, mended: null };
  for (const contract of tried) {
    const mended = mendReading(contract, payload, candidate.invalid);
    if (mended) return { kind: "contract", contract, mended };
  }
  newest.validate(payload);
  const [note] = candidate.notes ?? [];
  const detail = `${violationOf(newest)}${unitHint(newest, payload, candidate.receivedAtMs)}${note ? `; ${note.detail}` : ""}`;
  const at = { device, contract: name, version: newest.version };
  return refuse("contract_violation", detail, at);
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

/** Null if what a mapping or a mending made is still a reading, and of its series. */
function checkRest(
  contract: Contract,
  payload: Candidate["payload"],
  { invalid, notes }: Candidate,
  mended: Mended | null,
): Fault | null {
  if (invalid === undefined && mended === null) return null;
  const tag = notes?.find(({ field }) => contract.tags.includes(field));
  if (tag) return { reason: "unmappable", detail: tag.detail };
  const { fields } = contract;
  if (fields.length === 0 || fields.some(({ name }) => Object.hasOwn(payload, name))) return null;
  const [first] = mended === null ? (notes ?? []) : mended.notes;
  const why = first ? `; ${first.detail}` : "";
  return { reason: "contract_violation", detail: `no field of the contract is left${why}` };
}

function checkText(
  contract: Contract,
  payload: Candidate["payload"],
  { device, text }: Candidate,
): Fault | null {
  const detail = textFault(contract, device, payload, text);
  return detail === null ? null : { reason: "contract_violation", detail };
}

function checkTime(
  rules: ReadingRules,
  contract: Contract,
  payload: Candidate["payload"],
  receivedAtMs: number,
): Fault | null {
  const timeMs = eventTimeMs(contract, payload, receivedAtMs);
  const aheadMs = timeMs - receivedAtMs;
  const ageMaxMs = rules.ageMaxMs ?? contract.ageMaxMs;
  if (aheadMs <= CLOCK_AHEAD_MAX_MS && -aheadMs <= ageMaxMs && canBeStored(timeMs)) return null;
  return timeFault({
    contract,
    value: payload[contract.timeProperty!],
    timeMs,
    receivedAtMs,
    ageMaxMs,
  });
}

function checkNumbers(
  contract: Contract,
  payload: Candidate["payload"],
  text: string,
): Fault | null {
  const detail = inexactNumber(contract, payload, text);
  return detail === null ? null : { reason: "contract_violation", detail };
}

/** Only such text can hold a number beyond a double. */
const SUSPICIOUS = /[eE]\+?0*\d{3}/;
const LONG_NUMBER_CHARS = 309;

/**
 * Null if the reading has a canonical form, which numbers beyond a double (RFC 8785, 3.2.2) and values that are
 * too deep have not. Text was checked before. One with a sequence passes: nothing writes it anew.
 */
function checkWritable(
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
