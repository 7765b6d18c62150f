// Admission of readings that came in another encoding than JSON (pure): canonical JSON of their values goes into the
// frame, so that one reading is the same whatever it came in. An array holds one reading an element, each admitted or
// refused by itself.
import type { TelemetryAddress } from "../../contracts/names/topics.ts";
import {
  type Admission,
  type AdmissionRules,
  type Admitted,
  type Arrival,
  MESSAGE_CHARS_MAX,
  type Refused,
  refuse,
} from "./admission.ts";
import { admitReading } from "./admit-reading.ts";
import { Undecodable } from "./codecs/codec.ts";
import { ELEMENTS_MAX } from "./mapping.ts";
import { sentValue } from "./sent-payload.ts";

export function admitDecoded(
  rules: AdmissionRules,
  arrival: Arrival,
  address: TelemetryAddress,
  decoded: unknown,
): Admission {
  if (!Array.isArray(decoded)) return admitOne(rules, arrival, address, decoded);
  const { device, contract } = address;
  if (decoded.length === 0)
    return refuse("undecodable", "the payload holds no reading", { device, contract });
  if (decoded.length > ELEMENTS_MAX) {
    const detail = `the payload holds ${decoded.length} readings, the limit is ${ELEMENTS_MAX}`;
    return refuse("too_large", detail, { device, contract });
  }
  return admitEach(rules, arrival, address, decoded as unknown[]);
}

function admitEach(
  rules: AdmissionRules,
  arrival: Arrival,
  address: TelemetryAddress,
  values: readonly unknown[],
): Admission {
  const wanted = arrival.only?.elements && new Set(arrival.only.elements);
  const readings: Admitted[] = [];
  const rejects = new Map<string, { refused: Refused; elements: number[] }>();
  let chars = 0;
  let refused = 0;
  values.forEach((value, element) => {
    if (wanted && !wanted.has(element)) return;
    const outcome =
      chars > MESSAGE_CHARS_MAX ? tooLarge(address) : admitOne(rules, arrival, address, value);
    if (outcome.kind === "reading") {
      chars += outcome.encoded.length;
      readings.push({ ...outcome, element });
      return;
    }
    refused += 1;
    const known = rejects.get(outcome.reason);
    if (known) known.elements.push(element);
    else rejects.set(outcome.reason, { refused: outcome, elements: [element] });
  });
  const kept = [...rejects.values()].map(({ refused: first, elements }) => ({
    ...first,
    ...(elements.length > 1 ? { detail: `${first.detail} (the first of ${elements.length})` } : {}),
    elements,
  }));
  return { kind: "several", readings, rejects: kept, refused };
}

const tooLarge = ({ device, contract }: TelemetryAddress): Refused =>
  refuse("too_large", `the message makes readings of over ${MESSAGE_CHARS_MAX} characters`, {
    ...{ device, contract },
  });

function admitOne(
  rules: AdmissionRules,
  { receivedAtMs, traceparent, identifies }: Arrival,
  { device, contract, version }: TelemetryAddress,
  payload: unknown,
): Admitted | Refused {
  const at = { device, contract };
  if (payload instanceof Undecodable) return refuse(payload.reason, payload.detail, at);
  if (!isObject(payload)) return refuse("undecodable", "the payload is not an object", at);
  const sent = sentValue(payload);
  return admitReading(rules, { ...at, version, sent, receivedAtMs, traceparent, identifies });
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
