// Admission (pure): bytes + topic → encoded readings for their partitions, or rejects with their
// reasons. It decides; it stores nothing.
//
// The telemetry topic is the fast path: one reading, its payload spliced in as it came. Every other
// topic goes through the mapping table, where a message may hold several readings.
import canonicalize from "canonicalize";
import { isReservedTopic, parseTelemetryTopic } from "../../contracts/names/topics.ts";
import {
  type AdmissionRules,
  type Admitted,
  type Candidate,
  type Refused,
  admitReading,
  refuse,
  refuseAddress,
} from "./admit-reading.ts";
import type { Mapped, MappedElement, Mapper } from "./mapping.ts";

export { type AdmissionRules, CLOCK_AHEAD_MAX_MS } from "./admit-reading.ts";

/** One mapped reading: UTF-8 may triple it, and it has to fit into a NATS message. */
const MAPPED_CHARS_MAX = 128 * 1024;
/** All readings of one mapped message, which may repeat what its elements share. */
const MESSAGE_CHARS_MAX = 1024 * 1024;

export interface Arrival {
  readonly topic: string;
  readonly payload: Buffer;
  readonly receivedAtMs: number;
  readonly traceparent: string | null;
  /** A replay takes up only what was refused: one mapping entry, some elements of an array. */
  readonly only?: { readonly mapping?: string; readonly elements?: readonly number[] };
}

/** Of one message that holds several readings. */
export interface Several {
  readonly kind: "several";
  readonly readings: readonly Admitted[];
  /** One per mapping entry and reason, naming its elements, so that raw bytes are not multiplied. */
  readonly rejects: readonly Refused[];
  /** Readings that the rejects stand for. */
  readonly refused: number;
}

export interface MessageRules extends AdmissionRules {
  /** Absent: only the telemetry topic carries readings. */
  readonly mapper?: Mapper | undefined;
}

export type Admission = Admitted | Refused | Several;

/** Never throws on input: whatever a device sends becomes readings or rejects. */
export function admit(rules: MessageRules, arrival: Arrival): Admission {
  const address = parseTelemetryTopic(arrival.topic);
  if (!address) return admitMapped(rules, arrival);
  const unknown = refuseAddress(rules, address);
  if (unknown) return unknown;
  const text = arrival.payload.toString("utf8");
  const payload = parseJson(text);
  if (!isObject(payload))
    return refuse("not_json", "the payload is not a JSON object", {
      device: address.device,
      contract: address.contract,
    });
  const { receivedAtMs, traceparent } = arrival;
  return admitReading(rules, {
    device: address.device,
    contract: address.contract,
    version: address.version,
    payload,
    text,
    receivedAtMs,
    traceparent,
  });
}

function admitMapped(rules: MessageRules, arrival: Arrival): Admission {
  const { topic } = arrival;
  const matches =
    rules.mapper && !isReservedTopic(topic)
      ? rules.mapper.entriesFor(topic, arrival.only?.mapping)
      : [];
  const first = matches[0];
  if (!first) return refuse("unmapped_topic", `topic "${topic}" carries no telemetry`);
  const message = parseJson(arrival.payload.toString("utf8"));
  const tooLong = refuseAddress(rules, first);
  if (tooLong?.reason === "too_large") return tooLong;
  if (message === undefined)
    return refuse("not_json", "the payload is not JSON", { device: first.device });
  const outcomes = new Outcomes(rules, arrival);
  for (const match of matches) {
    const mapped = match.map(message, arrival.receivedAtMs);
    if (mapped) outcomes.add(mapped);
  }
  return (
    outcomes.result() ??
    refuse("unmappable", "no mapping of this topic applies to the payload", first)
  );
}

/** Gathers what the entries make of one message. */
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
      if (wanted && !wanted.has(at)) return;
      const outcome = this.#admit(mapped, element);
      if (outcome.kind === "reading") {
        this.#chars += outcome.encoded.length;
        this.#readings.push(outcome);
      } else this.#refuse(mapped, outcome, at);
    });
  }

  #admit(mapped: Mapped, element: MappedElement): Admitted | Refused {
    const { device, contract, version } = mapped;
    const at = { device, contract, ...(version === undefined ? {} : { version }) };
    const unknown = refuseAddress(this.#rules, mapped);
    if (unknown) return unknown;
    if (element.kind === "misfit") return refuse(element.reason, element.detail, at);
    if (this.#chars > MESSAGE_CHARS_MAX)
      return refuse(
        "too_large",
        `the message makes readings of over ${MESSAGE_CHARS_MAX} characters`,
        at,
      );
    const { payload } = element;
    const text = canonicalText(payload);
    if (text === null)
      return refuse("unmappable", "the reading has no canonical JSON (RFC 8785)", at);
    if (text.length > MAPPED_CHARS_MAX)
      return refuse("too_large", `a mapped reading has at most ${MAPPED_CHARS_MAX} characters`, at);
    const { receivedAtMs, traceparent } = this.#arrival;
    const candidate: Candidate = {
      device,
      contract,
      version,
      payload,
      text,
      receivedAtMs,
      traceparent,
    };
    return admitReading(this.#rules, candidate);
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

/** Undefined for text that is no JSON: JSON itself has no undefined. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function canonicalText(payload: Record<string, unknown>): string | null {
  try {
    return canonicalize(payload) ?? null;
  } catch {
    return null;
  }
}
