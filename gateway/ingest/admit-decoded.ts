// Admission of readings that came in another encoding than JSON (pure): canonical JSON of their values goes into the
// frame, so that one reading is the same whatever it came in. An array holds one reading an element.
import type { TelemetryAddress } from "../../contracts/names/topics.ts";
import { type Admission, type AdmissionRules, type Arrival, refuse } from "./admission.ts";
import { admitBatch } from "./admit-batch.ts";
import { admitReading } from "./admit-reading.ts";
import { Undecodable } from "./codecs/codec.ts";
import { sentValue } from "./sent-payload.ts";
import { isObject } from "./is-object.ts";

export function admitDecoded(
  rules: AdmissionRules,
  arrival: Arrival,
  address: TelemetryAddress,
  payload: unknown,
): Admission {
  const { device, contract, version } = address;
  const at = { device, contract };
  if (payload instanceof Undecodable) return refuse(payload.reason, payload.detail, at);
  if (Array.isArray(payload)) return admitBatch(rules, arrival, address, payload, "undecodable");
  if (!isObject(payload)) return refuse("undecodable", "the payload is not an object", at);
  const { receivedAtMs, traceparent, identifies } = arrival;
  const sent = sentValue(payload);
  return admitReading(rules, { ...at, version, sent, receivedAtMs, traceparent, identifies });
}
