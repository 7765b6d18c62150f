// Admission of a message on any other topic than telemetry's, through the mapping table (pure): each of
// its readings is admitted or refused by itself.
import { deviceIdProblem } from "../../contracts/device.ts";
import { isReservedTopic, parseTelemetryTopic } from "../../contracts/names/topics.ts";
import {
  type Admission,
  type AdmissionRules,
  type Admitted,
  type Arrival,
  type Refused,
  refuse,
} from "./admission.ts";
import { admitReading, refuseAddress, refuseSpeech } from "./admit-reading.ts";
import { codecFor } from "./codecs/by-content-type.ts";
import { Undecodable } from "./codecs/codec.ts";
import { jsonText } from "./codecs/json.ts";
import { Gathered } from "./gathered.ts";
import { type Misfit, Work } from "./mapped-scope.ts";
import type { Mapped, MappedElement } from "./mapping.ts";
import { sentValue } from "./sent-payload.ts";

export function admitMapped(rules: AdmissionRules, arrival: Arrival): Admission {
  const { topic } = arrival;
  const matches =
    rules.mapper && !isReservedTopic(topic)
      ? rules.mapper.entriesFor(topic, arrival.only?.mapping)
      : [];
  const first = matches[0];
  if (!first) return refuse("unmapped_topic", `topic "${topic}" carries no telemetry`);
  // A device that only the payload tells is judged with its readings.
  const known = matches.find((match) => {
    const { device, contract } = match;
    return (
      device === null ||
      (deviceIdProblem(device) === null &&
        !refuseSpeech(rules, { device, contract: contract ?? "" }, arrival.sender))
    );
  });
  if (!known) {
    const { device, contract } = first;
    return refuseAddress(rules, { device: device!, contract: contract ?? "" }, arrival.sender)!;
  }
  const decoded = wholly(codecFor(arrival.contentType, rules.codecs).decode(arrival.payload));
  const outcomes = new Outcomes(rules, arrival);
  let unread: Undecodable | null = null;
  const work = new Work();
  for (const match of matches) {
    if (match.isOtherwise && !outcomes.isEmpty) continue;
    const message = match.isText ? textOf(arrival) : decoded;
    if (message instanceof Undecodable) {
      unread ??= message;
      continue;
    }
    const mapped = match.map(message, {
      receivedAtMs: arrival.receivedAtMs,
      clientId: arrival.sender?.clientId,
      work,
    });
    if (mapped) outcomes.add(mapped);
  }
  // What is not JSON is refused only if no entry takes it as text.
  if (unread && outcomes.isEmpty)
    return refuse(unread.reason, unread.detail, {
      ...whereOf({ device: known.device, contract: null }),
      ...contractOf(matches),
    });
  return (
    outcomes.result() ??
    refuse("unmappable", "no mapping of this topic applies to the payload", whereOf(known))
  );
}

/** A message of which a part cannot be read is one that cannot be read: a mapping sees all of it. */
const wholly = (decoded: unknown): unknown =>
  (Array.isArray(decoded) && decoded.find((one) => one instanceof Undecodable)) || decoded;

/** The contract of a message that nobody can read: the one that all entries of its topic are for. */
function contractOf([first, ...others]: readonly { readonly contract: string | null }[]) {
  const isOne = others.every(({ contract }) => contract === first?.contract);
  return first && isOne && first.contract !== null ? { contract: first.contract } : {};
}

/** Device and contract, as far as they are known. */
const whereOf = ({ device, contract }: { device: string | null; contract: string | null }) => ({
  ...(device === null ? {} : { device }),
  ...(contract === null ? {} : { contract }),
});

/** The contract that a topic is for, as far as the topic alone tells; null if it does not. */
export function contractOfTopic({ mapper }: Pick<AdmissionRules, "mapper">, topic: string) {
  const address = parseTelemetryTopic(topic);
  if (address) return address.contract;
  const matches = mapper && !isReservedTopic(topic) ? mapper.entriesFor(topic) : [];
  return contractOf(matches).contract ?? null;
}

function textOf({ payload }: Arrival): string | Undecodable {
  const text = jsonText(payload);
  return typeof text === "string" ? text.trim() : text;
}

/** The readings and rejects that the entries make of one message. */
class Outcomes {
  readonly #rules: AdmissionRules;
  readonly #arrival: Arrival;
  readonly #gathered = new Gathered();

  constructor(rules: AdmissionRules, arrival: Arrival) {
    this.#rules = rules;
    this.#arrival = arrival;
  }

  add(mapped: Mapped): void {
    const only = mapped.each ? this.#arrival.only?.elements : undefined;
    const wanted = only && new Set(only);
    mapped.elements.forEach((element, at) => {
      if (element === null || (wanted && !wanted.has(at))) return;
      const outcome = this.#admit(mapped, element);
      const mapping = mapped.entry;
      const { device, contract } = element as { device: string; contract: string };
      this.#gathered.add(
        outcome.kind === "reading"
          ? { ...outcome, from: { mapping, device, contract } }
          : { ...outcome, mapping },
        mapped.each ? at : null,
      );
    });
  }

  /** True if no entry applied. */
  get isEmpty(): boolean {
    return this.#gathered.isEmpty;
  }

  #admit(mapped: Mapped, { device, contract, made }: MappedElement): Admitted | Refused {
    const { version } = mapped;
    if (device === null || contract === null) {
      const misfit = made as Misfit;
      return refuse(misfit.reason, misfit.detail, whereOf({ device, contract }));
    }
    const at = { device, contract, ...(version === undefined ? {} : { version }) };
    const unknown = refuseAddress(this.#rules, at, this.#arrival.sender);
    if (unknown) return unknown;
    if (made.kind === "misfit") return refuse(made.reason, made.detail, at);
    const { tooMuch } = this.#gathered;
    if (tooMuch !== null) return refuse("too_large", tooMuch, at);
    const { payload, notes, stamped, finer } = made;
    const { receivedAtMs, traceparent, identifies } = this.#arrival;
    return admitReading(this.#rules, {
      device,
      contract,
      version,
      sent: sentValue(payload),
      stamped,
      finer,
      receivedAtMs,
      traceparent,
      invalid: mapped.invalid,
      notes,
      // What arrival stamps is another reading each time (contracts/messages/identity.ts/I2).
      identifies: identifies === true && stamped === undefined,
    });
  }

  result(): Admission | null {
    return this.#gathered.result();
  }
}
