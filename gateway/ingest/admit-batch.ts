// Admission of an array of readings on a telemetry topic (pure): each is admitted or refused by itself, as if it
// had come alone.
//
// A reading is the same whether it comes alone or in an array, first or again: canonical JSON goes into the frame,
// and its identity is that of what it says.
// What is refused is kept once for each reason, with the whole message and the elements' numbers.
// Nothing is made of an array that has too many elements, so that nobody has to look which of it came to be.
import type { TelemetryAddress } from "../../contracts/names/topics.ts";
import {
  type Admission,
  type AdmissionRules,
  type Admitted,
  type Arrival,
  type Refused,
  refuse,
} from "./admission.ts";
import { admitReading } from "./admit-reading.ts";
import { Undecodable } from "./codecs/codec.ts";
import { Gathered } from "./gathered.ts";
import { ELEMENTS_MAX } from "./mapped-elements.ts";
import { sentValue } from "./sent-payload.ts";
import { isObject } from "./is-object.ts";

/**
 * @param elements decoded, with BigInts for whole numbers that no double gives back.
 * @param notObject the reason for an element that is none.
 */
export function admitBatch(
  rules: AdmissionRules,
  arrival: Arrival,
  { device, contract, version }: TelemetryAddress,
  elements: readonly unknown[],
  notObject: "not_json" | "undecodable",
): Admission {
  const at = { device, contract, ...(version === undefined ? {} : { version }) };
  if (elements.length === 0) return refuse(notObject, "the array holds no reading", at);
  if (elements.length > ELEMENTS_MAX)
    return refuse(
      "too_large",
      `the array holds ${elements.length} readings, the limit is ${ELEMENTS_MAX}`,
      at,
    );
  const wanted = arrival.only?.elements && new Set(arrival.only.elements);
  const gathered = new Gathered();
  const admitOne = (element: unknown): Admitted | Refused => {
    if (element instanceof Undecodable) return refuse(element.reason, element.detail, at);
    if (!isObject(element)) return refuse(notObject, "the element is not a JSON object", at);
    if (gathered.tooMuch !== null) return refuse("too_large", gathered.tooMuch, at);
    const { receivedAtMs, traceparent, identifies } = arrival;
    return admitReading(rules, {
      ...{ device, contract, version, receivedAtMs, traceparent, identifies },
      sent: sentValue(element),
    });
  };
  elements.forEach((element, index) => {
    if (wanted && !wanted.has(index)) return;
    const outcome = admitOne(element);
    gathered.add(
      outcome.kind === "reading"
        ? { ...outcome, element: index, from: { mapping: null, device, contract } }
        : outcome,
      index,
    );
  });
  return (
    gathered.result() ??
    refuse(notObject, "the array has none of the elements that were asked for", at)
  );
}
