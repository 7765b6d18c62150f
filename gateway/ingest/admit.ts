// Admission (pure): bytes + topic → encoded readings for their partitions, or rejects with their
// reasons. It decides; it stores nothing, and never throws on input.
//
// The telemetry topic with JSON is the fast path: one reading, its payload spliced in as it came. In
// another encoding, or in an array, readings are made here, from the decoded value. Every other topic goes
// through the mapping table, where a message may hold several readings, too.
import { parseTelemetryTopic } from "../../contracts/names/topics.ts";
import { type Admission, type AdmissionRules, type Arrival, refuse } from "./admission.ts";
import { admitBatch } from "./admit-batch.ts";
import { admitDecoded } from "./admit-decoded.ts";
import { admitMapped } from "./admit-mapped.ts";
import { admitReading, refuseAddress } from "./admit-reading.ts";
import { codecFor } from "./codecs/by-content-type.ts";
import { Undecodable } from "./codecs/codec.ts";
import { JSON_CODEC, jsonText, parseJson } from "./codecs/json.ts";
import { isObject } from "./is-object.ts";

export function admit(rules: AdmissionRules, arrival: Arrival): Admission {
  const address = parseTelemetryTopic(arrival.topic);
  if (!address) return admitMapped(rules, arrival);
  const unknown = refuseAddress(rules, address, arrival.sender);
  if (unknown) return unknown;
  const codec = codecFor(arrival.contentType, rules.codecs);
  if (codec !== JSON_CODEC)
    return admitDecoded(rules, arrival, address, codec.decode(arrival.payload));
  const { device, contract, version } = address;
  const text = jsonText(arrival.payload);
  if (typeof text !== "string") return refuse(text.reason, text.detail, { device, contract });
  const payload = parseJson(text);
  if (Array.isArray(payload)) {
    const elements = JSON_CODEC.decode(arrival.payload);
    return elements instanceof Undecodable
      ? refuse(elements.reason, elements.detail, { device, contract })
      : admitBatch(rules, arrival, address, elements as unknown[], "not_json");
  }
  if (!isObject(payload))
    return refuse("not_json", "the payload is not a JSON object", { device, contract });
  const { receivedAtMs, traceparent, identifies } = arrival;
  return admitReading(rules, {
    device,
    contract,
    version,
    sent: { payload, text, exact: null },
    receivedAtMs,
    traceparent,
    identifies,
  });
}
