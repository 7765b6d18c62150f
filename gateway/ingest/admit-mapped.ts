// Admission of a message on any other topic than telemetry's, through the mapping table (pure): each of
// its readings is admitted or refused by itself.
import { deviceIdProblem } from "../../contracts/device.ts";
import { isReservedTopic, parseTelemetryTopic } from "../../contracts/names/topics.ts";
import {
  type Admission,
  type AdmissionRules,
  type Admitted,
  type Arrival,
  MADE_CHARS_MAX,
  MESSAGE_CHARS_MAX,
  type Refused,
  refuse,
} from "./admission.ts";
import { admitReading, refuseAddress, refuseSpeech } from "./admit-reading.ts";
import { codecFor } from "./codecs/by-content-type.ts";
import { Undecodable } from "./codecs/codec.ts";
import { jsonText } from "./codecs/json.ts";
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
  const known = matches.find(
    (match) =>
      deviceIdProblem(match.device) === null && !refuseSpeech(rules, match, arrival.sender),
  );
  if (!known) return refuseAddress(rules, first, arrival.sender)!;
  const decoded = wholly(codecFor(arrival.contentType, rules.codecs).decode(arrival.payload));
  const outcomes = new Outcomes(rules, arrival);
  let unread: Undecodable | null = null;
  for (const match of matches) {
    const message = match.isText ? textOf(arrival) : decoded;
    if (message instanceof Undecodable) {
      unread ??= message;
      continue;
    }
    const mapped = match.map(message, arrival.receivedAtMs);
    if (mapped) outcomes.add(mapped);
  }
  // What is not JSON is refused only if no entry takes it as text.
  if (unread && outcomes.isEmpty)
    return refuse(unread.reason, unread.detail, {
      device: known.device,
      ...contractOf(matches),
    });
  return (
    outcomes.result() ??
    refuse("unmappable", "no mapping of this topic applies to the payload", {
      device: known.device,
      contract: known.contract,
    })
  );
}

/** A message of which a part cannot be read is one that cannot be read: a mapping sees all of it. */
const wholly = (decoded: unknown): unknown =>
  (Array.isArray(decoded) && decoded.find((one) => one instanceof Undecodable)) || decoded;

/** The contract of a message that nobody can read: the one that all entries of its topic are for. */
function contractOf([first, ...others]: readonly { readonly contract: string }[]) {
  const isOne = others.every(({ contract }) => contract === first?.contract);
  return first && isOne ? { contract: first.contract } : {};
}

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
  readonly #readings: Admitted[] = [];
  readonly #rejects = new Map<string, { refused: Refused; elements: number[] }>();
  #chars = 0;
  #refused = 0;

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
      if (outcome.kind === "reading") {
        this.#chars += outcome.encoded.length;
        const { entry, device, contract } = mapped;
        this.#readings.push({ ...outcome, from: { mapping: entry, device, contract } });
      } else {
        // What was written only to be refused is work as well.
        if (outcome.reason === "too_large") this.#chars += MADE_CHARS_MAX;
        this.#refuse(mapped, outcome, at);
      }
    });
  }

  /** True if no entry applied. */
  get isEmpty(): boolean {
    return this.#readings.length + this.#rejects.size === 0;
  }

  #admit(mapped: Mapped, element: MappedElement): Admitted | Refused {
    const { device, contract, version } = mapped;
    const at = { device, contract, ...(version === undefined ? {} : { version }) };
    const unknown = refuseAddress(this.#rules, mapped, this.#arrival.sender);
    if (unknown) return unknown;
    if (element.kind === "misfit") return refuse(element.reason, element.detail, at);
    if (this.#chars > MESSAGE_CHARS_MAX)
      return refuse(
        "too_large",
        `the message makes readings of over ${MESSAGE_CHARS_MAX} characters`,
        at,
      );
    const { payload, notes, stamped, finer } = element;
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

  #refuse(mapped: Mapped, refused: Refused, at: number): void {
    this.#refused += 1;
    const key = `${mapped.entry}\n${refused.reason}`;
    const known = this.#rejects.get(key);
    if (known) return void known.elements.push(at);
    const elements = mapped.each ? [at] : [];
    this.#rejects.set(key, { refused: { ...refused, mapping: mapped.entry }, elements });
  }

  result(): Admission | null {
    const rejects = [...this.#rejects.values()].map(({ refused, elements }) =>
      elements.length === 0
        ? refused
        : {
            ...refused,
            detail:
              elements.length === 1
                ? refused.detail
                : `${refused.detail} (the first of ${elements.length})`,
            elements,
          },
    );
    const readings = this.#readings;
    if (readings.length + rejects.length === 0) return null;
    if (readings.length === 0 && rejects.length === 1) return rejects[0]!;
    if (readings.length === 1 && rejects.length === 0) return readings[0]!;
    return { kind: "several", readings, rejects, refused: this.#refused };
  }
}
