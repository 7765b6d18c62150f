// `POST /v1/devices/{id}/telemetry/{contract}`: one reading, an array of them, or one a line.
import { deviceIdProblem } from "../../contracts/device.ts";
import { telemetryTopic } from "../../contracts/names/topics.ts";
import { codecFor, isKnownContentType } from "../ingest/codecs/by-content-type.ts";
import { JSON_CODEC } from "../ingest/codecs/json.ts";
import { type HttpCounters, countOutcomes } from "./counters.ts";
import { type Answer, type ElementOutcome, answerOf } from "./element-outcome.ts";
import { jsonElements, lineElements } from "./elements.ts";
import type { Idempotency } from "./idempotency.ts";
import { type Again, type Caller, type Element, type Intake, tooLarge } from "./intake.ts";
import type { HttpLimits } from "./options.ts";
import { Problem } from "./problem.ts";
import { type Call, JSON_TYPE, type Reply, type Route } from "./route.ts";

/** Media types of one JSON value a line. */
const LINES = new Set([
  "application/x-ndjson",
  "application/ndjson",
  "application/jsonl",
  "application/x-jsonlines",
]);
/** Media types that programs give JSON if nobody tells them another: those of a form, and of any text. */
const TEXT = new Set(["application/x-www-form-urlencoded", "text/plain"]);
/** Readings of a request with an Idempotency-Key, whose answer is kept. */
export const KEYED_ELEMENTS_MAX = 1_000;

const VERSION = /^v(0|[1-9]\d{0,8})$/;

export interface TelemetryParts {
  readonly intake: Intake;
  readonly idempotency: Idempotency;
  readonly limits: Pick<HttpLimits, "elementsMax">;
  /** The largest reading, as over MQTT. */
  readonly readingBytesMax: number;
  readonly counters: HttpCounters;
}

/** Both addresses: with a version of the contract, and without. */
export function telemetryRoutes(parts: TelemetryParts): Route[] {
  const url = "/v1/devices/:device/telemetry/:contract";
  return [url, `${url}/:version`].map((one) => ({
    method: "POST",
    url: one,
    device: ({ device }) => device,
    handle: (call) => handle(parts, call),
  }));
}

async function handle(parts: TelemetryParts, call: Call): Promise<Reply> {
  const topic = topicOf(call.params);
  const key = call.header("idempotency-key");
  const max = key === undefined ? parts.limits.elementsMax : KEYED_ELEMENTS_MAX;
  const elements = elementsOf(call, topic, max);
  if (elements.length === 0) throw new Problem(400, "the body holds no reading");
  if (elements.length > max)
    throw new Problem(413, `the body holds more than ${max} readings; at most ${max} are taken`);
  const work = async (again: Partial<Again>): Promise<Answer> => {
    const outcomes = await deliver(parts, call.caller, elements, again);
    countOutcomes(parts.counters, outcomes);
    return answerOf(outcomes);
  };
  if (key === undefined) return { ...(await work({})), type: JSON_TYPE };
  parts.intake.chargeKey(call.caller);
  const keyed = { holder: call.caller.holder.key, key, target: topic, body: call.body };
  const { replayed, ...answer } = await parts.idempotency.once(keyed, work);
  return {
    ...answer,
    type: JSON_TYPE,
    ...(replayed ? { headers: { "idempotency-replayed": "true" } } : {}),
  };
}

/** The outcomes in the order of the elements; those that are too large go nowhere. */
export async function deliver(
  { intake, readingBytesMax }: Pick<TelemetryParts, "intake" | "readingBytesMax">,
  caller: Caller,
  elements: readonly Element[],
  again: Partial<Again>,
): Promise<ElementOutcome[]> {
  const fits = ({ payload }: Element): boolean => payload.length <= readingBytesMax;
  if (elements.every(fits)) return intake.deliver(caller, elements, again);
  const taken = await intake.deliver(caller, elements.filter(fits), again);
  const rest = taken.values();
  return elements.map((element) =>
    fits(element) ? rest.next().value! : tooLarge(element.payload.length, readingBytesMax),
  );
}

/** @throws Problem 400 for what is no device or contract. */
function topicOf({ device = "", contract = "", version }: Call["params"]): string {
  const problem = deviceIdProblem(device);
  if (problem !== null) throw new Problem(400, `the device: ${problem}`);
  if (contract === "" || /[/+#\0]/.test(contract) || contract.length > 200)
    throw new Problem(400, "the contract in the address is a name such as environment");
  if (version === undefined) return telemetryTopic(device, contract);
  const [, number] = VERSION.exec(version) ?? [];
  if (number === undefined)
    throw new Problem(400, "behind the contract there is a version such as v1, or nothing");
  return telemetryTopic(device, contract, Number(number));
}

/** @throws Problem 415 for a media type that no codec reads. */
function elementsOf(call: Call, topic: string, max: number): Element[] {
  const contentType = call.header("content-type");
  const mediaType = contentType?.split(";", 1)[0]!.trim().toLowerCase();
  if (mediaType !== undefined && LINES.has(mediaType))
    return lineElements(call.body, max).map((payload) => ({ topic, payload }));
  if (mediaType !== undefined && TEXT.has(mediaType) && jsonStart(call.body))
    return jsonElements(call.body, max).map((payload) => ({ topic, payload }));
  if (!isKnownContentType(contentType))
    throw new Problem(415, `no codec reads ${JSON.stringify(mediaType)}`);
  if (codecFor(contentType) === JSON_CODEC)
    return jsonElements(call.body, max).map((payload) => ({ topic, payload }));
  return call.body.length === 0 ? [] : [{ topic, payload: call.body, contentType }];
}

/** True if a body can be nothing but JSON that holds readings. */
const jsonStart = (body: Buffer): boolean =>
  /^[\s\ufeff]*[{[]/.test(body.subarray(0, 64).toString("utf8"));
