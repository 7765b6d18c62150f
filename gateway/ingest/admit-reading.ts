// Admission of one payload for one contract (pure but for what the limit of series remembers): its
// version, whether it keeps to that, whether its time can be, and the partition it goes to.
import { DEVICE_ID_BYTES_MAX, deviceIdProblem } from "../../contracts/device.ts";
import type { Invalid } from "../../contracts/mapping-format.ts";
import { isGatewaysOwn } from "../../contracts/schema/gateway-contracts.ts";
import type { Contract } from "../../contracts/schema/contract.ts";
import { encodeReading } from "../../contracts/messages/frame.ts";
import { identityOf } from "../../contracts/messages/identity.ts";
import { partitionOf } from "../../contracts/names/partition.ts";
import { eventTimeMs, seriesKeyOf } from "../../contracts/messages/reading.ts";
import {
  type Admitted,
  MADE_CHARS_MAX,
  type ReadingRules,
  type Refused,
  refuse,
} from "./admission.ts";
import { canonicalText } from "./canonical-text.ts";
import { beyondDouble, inexactNumber, unwritableNumber } from "./check-numbers.ts";
import { illFormedField, textFault } from "./check-text.ts";
import { CLOCK_AHEAD_MAX_MS } from "./clock-limit.ts";
import type { FinerTime } from "./mapping.ts";
import type { Sender } from "./message.ts";
import { type Mended, type Unmended, mendReading } from "./mend-reading.ts";
import type { Note } from "./note.ts";
import { type SentPayload, exactlySent } from "./sent-payload.ts";
import { type Fault, canBeStored, timeFault, unitHint } from "./time-fault.ts";

type Payload = Readonly<Record<string, unknown>>;

export interface Candidate {
  readonly device: string;
  readonly contract: string;
  /** As the topic or the mapping says; undefined leaves it to the payload, else to what fits. */
  readonly version: number | undefined;
  readonly sent: SentPayload;
  /** The property of the payload that holds the time of arrival, because the device gave none. */
  readonly stamped?: string | undefined;
  /** The time with nanoseconds, where the payload has only milliseconds. */
  readonly finer?: FinerTime | undefined;
  /** "Now" for the clock checks; for a replay, the time of the original arrival. */
  readonly receivedAtMs: number;
  readonly traceparent: string | null;
  /** The word of a mapping on fields that the contract does not allow, and what it has noted itself. */
  readonly invalid?: ReadonlyMap<string, Invalid> | undefined;
  readonly notes?: readonly Note[] | undefined;
  /** Whoever asks wants to know it again ({@link Admitted.identity}). */
  readonly identifies?: boolean | undefined;
}

export function admitReading(rules: ReadingRules, candidate: Candidate): Admitted | Refused {
  const { device, sent, receivedAtMs, traceparent } = candidate;
  const choice = chooseVersion(rules.catalog.versions(candidate.contract), candidate);
  if (choice.kind === "reject") return choice;
  const { contract, mended } = choice;
  const { name, version } = contract;
  const payload = withFinerTime(contract, mended?.payload ?? sent.payload, candidate.finer);
  const at = { device, contract: name, version };
  // Also of a mended one the text as it came is checked: what is written anew is rounded already.
  const fault =
    checkRest(contract, payload, candidate, mended) ??
    checkText(contract, device, payload, sent.text) ??
    checkTime(rules, contract, payload, receivedAtMs) ??
    checkWritable(payload, sent.text) ??
    rules.seriesLimit?.fault(contract, device, payload);
  if (fault) return refuse(fault.reason, fault.detail, at);
  const text = mended === null && sent.text !== null ? sent.text : textOf(payload, candidate);
  if (typeof text !== "string") return refuse(text.reason, text.detail, at);
  const admitted: Admitted = {
    kind: "reading",
    partition:
      (rules.firstLane ?? 0) +
      partitionOf(seriesKeyOf(contract, device, payload), rules.partitions),
    encoded: encodeReading({
      device,
      contract: name,
      version,
      receivedAtMs,
      traceparent,
      payload: text,
    }),
  };
  const known =
    candidate.identifies === true
      ? { ...admitted, ...identified(contract, candidate, payload) }
      : admitted;
  if (mended === null && candidate.notes === undefined) return known;
  const notes = [...(candidate.notes ?? []), ...(mended?.notes ?? [])];
  return notes.length === 0 ? known : { ...known, noted: { device, notes } };
}

/** The identity of a reading among all (contracts/messages/identity.ts/I3), unless it has none of its own. */
function identified(
  contract: Contract,
  { device, receivedAtMs }: Candidate,
  payload: Payload,
): Pick<Admitted, "identity"> {
  const eventMs = eventTimeMs(contract, payload, receivedAtMs);
  const own = identityOf(contract, payload, eventMs);
  return Number.isNaN(own) ? {} : { identity: `${contract.name}\n${own}\n${device}` };
}

/** The payload with the time as text, if the contract takes it so: digits below the millisecond tell readings apart. */
function withFinerTime(
  { timeProperty, validate }: Contract,
  payload: Payload,
  finer: FinerTime | undefined,
): Payload {
  if (finer?.property !== timeProperty || finer === undefined) return payload;
  const finely = { ...payload, [finer.property]: finer.text };
  const takesText: boolean = validate(finely);
  return takesText ? finely : payload;
}

/**
 * The text of a payload that is written here, with every number as it was sent. A time that is the
 * gateway's own stays out: whoever reads the log sees that the device gave none.
 */
function textOf(payload: Payload, { sent, stamped }: Candidate): string | Fault {
  const exact = exactlySent(sent);
  if (exact === null)
    return { reason: "contract_violation", detail: "the payload is too deep to be written anew" };
  const written: Record<string, unknown> = {};
  for (const name of Object.keys(payload))
    if (name !== stamped)
      written[name] = payload[name] === sent.payload[name] ? exact[name] : payload[name];
  const text = canonicalText(written);
  if (text === null) {
    const why = unwritableNumber(written) ?? "the payload has no canonical JSON (RFC 8785)";
    return { reason: "contract_violation", detail: why };
  }
  if (text.length <= MADE_CHARS_MAX) return text;
  const detail = `a reading that is written anew has at most ${MADE_CHARS_MAX} characters`;
  return { reason: "too_large", detail };
}

/** The reason why no payload of this sender can be for this device and contract, or null; asked before a payload is decoded. */
export function refuseAddress(
  rules: ReadingRules,
  { device, contract }: Pick<Candidate, "device" | "contract">,
  sender: Sender | null,
): Refused | null {
  const problem = deviceIdProblem(device);
  if (problem !== null) return refuseDevice(device, contract, problem);
  const unsaid = refuseSpeech(rules, { device, contract }, sender);
  if (unsaid) return unsaid;
  if (rules.catalog.versions(contract).length === 0)
    return refuse("unknown_contract", `contract "${contract}" is unknown`, { device, contract });
  return refuseUnregistered(rules, { device, contract }, sender);
}

/** The reason why a sender names no more devices that have no record, or null. The reject is the sender's. */
function refuseUnregistered(
  { speech, unregistered }: ReadingRules,
  { device, contract }: Pick<Candidate, "device" | "contract">,
  sender: Sender | null,
): Refused | null {
  if (!unregistered || sender === null || speech?.isRegistered(device)) return null;
  const fault = unregistered.fault(sender, device);
  return fault && refuse(fault.reason, fault.detail, { contract });
}

/**
 * The reason why this sender may not say anything of this device under this contract, or null. The reject is the
 * sender's, not the device's: nobody fills another's room.
 */
export function refuseSpeech(
  { speech }: ReadingRules,
  { device, contract }: Pick<Candidate, "device" | "contract">,
  sender: Sender | null,
): Refused | null {
  if (sender === null) return null;
  const problem = isGatewaysOwn(contract)
    ? `contract "${contract}" is written by gateways alone, of connections made and lost; send what the device says under another`
    : (speech?.speechProblem(sender, device) ?? null);
  return problem === null ? null : refuse("not_authorized", problem, { contract });
}

/** The reject of an id that is none, and so is not its device. */
const refuseDevice = (id: string, contract: string, problem: string): Refused =>
  refuse(
    Buffer.byteLength(id) > DEVICE_ID_BYTES_MAX ? "too_large" : "contract_violation",
    `device: ${problem}: ${JSON.stringify(id)}`,
    { contract },
  );

type Choice = { kind: "contract"; contract: Contract; mended: Mended | null } | Refused;

/**
 * The version that topic or payload says, and no other; if neither says one, the newest that fits, else
 * the newest that fits without fields that may be left out. Where both say one, the schema's own `const` settles whether they agree.
 */
function chooseVersion(versions: readonly Contract[], candidate: Candidate): Choice {
  const { device, contract: name, sent } = candidate;
  const { payload } = sent;
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
    if (contract.validate(payload) && contentFault(contract, payload, sent) === null)
      return { kind: "contract", contract, mended: null };
  const mend = (contract: Contract) =>
    mendReading(contract, payload, {
      says: candidate.invalid,
      contentFault: (rest) => contentFault(contract, rest, sent),
    });
  if (candidate.invalid || tried.some(({ invalid }) => invalid.size > 0))
    for (const contract of tried) {
      const mended = mend(contract);
      if (mended.kind === "mended") return { kind: "contract", contract, mended };
    }
  const { detail: cause, isViolation } = mend(newest) as Unmended;
  const hint = isViolation ? unitHint(newest, payload, candidate.receivedAtMs) : "";
  const [note] = candidate.notes ?? [];
  const detail = `${cause}${hint}${note ? `; ${note.detail}` : ""}`;
  const at = { device, contract: name, version: newest.version };
  return refuse("contract_violation", detail, at);
}

/** The first value that the schema allows and that would be altered nevertheless, or null. */
const contentFault = (contract: Contract, payload: Payload, sent: SentPayload) =>
  inexactNumber(contract, payload, sent) ?? illFormedField(contract, payload, sent.text);

function versionInside(versions: readonly Contract[], payload: Payload): number | undefined {
  for (const { versionProperty } of versions) {
    const value = versionProperty === undefined ? undefined : payload[versionProperty];
    if (typeof value === "number" && Number.isSafeInteger(value)) return value;
  }
  return undefined;
}

/** Null if what a mapping or a mending made is still a reading, and of its series. */
function checkRest(
  contract: Contract,
  payload: Payload,
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
  device: string,
  payload: Payload,
  text: string | null,
): Fault | null {
  const detail = textFault(contract, device, payload, text);
  return detail === null ? null : { reason: "contract_violation", detail };
}

function checkTime(
  rules: ReadingRules,
  contract: Contract,
  payload: Payload,
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

/** The payload of a reading that is made here is refused where it is written, if it cannot be. */
function checkWritable(payload: Payload, text: string | null): Fault | null {
  const detail = text === null ? null : beyondDouble(payload, text);
  return detail === null ? null : { reason: "contract_violation", detail };
}
