// ThingsBoard's address for telemetry, so that its devices send to a gateway as they are: `POST /api/v1/{token}/telemetry`.
//
// T1. The token is the record's secret, alone or as `id:secret`. ThingsBoard has no contracts: the query says which one
//     (`?contract=climate`), else the values go to the mapping table on the topic `thingsboard/{device}`.
import { deviceIdProblem } from "../../contracts/device.ts";
import { telemetryTopic } from "../../contracts/names/topics.ts";
import type { Catalog } from "../../contracts/schema/catalog.ts";
import { exactText, parseExactly } from "../ingest/codecs/exact-json.ts";
import { countOutcomes } from "./counters.ts";
import { ofToken } from "./credentials.ts";
import { answerOf } from "./element-outcome.ts";
import { jsonElements } from "./elements.ts";
import type { Element } from "./intake.ts";
import { Problem } from "./problem.ts";
import { type Call, JSON_TYPE, type Reply, type Route } from "./route.ts";
import { type TelemetryParts, deliver } from "./telemetry-route.ts";
import { isObject } from "../ingest/is-object.ts";

export interface ThingsBoardParts extends TelemetryParts {
  readonly catalog: Pick<Catalog, "versions">;
}

export const thingsBoardRoute = (parts: ThingsBoardParts): Route => ({
  method: "POST",
  url: "/api/v1/:token/telemetry",
  shown: ({ params }) => ofToken(params["token"] ?? ""),
  handle: (call) => handle(parts, call),
});

async function handle(parts: ThingsBoardParts, call: Call): Promise<Reply> {
  const { device } = call.caller;
  if (device === undefined || deviceIdProblem(device) !== null)
    throw new Problem(403, "this address is for devices; the token is of another role");
  const { contract } = call.query;
  const topic = contract === undefined ? `thingsboard/${device}` : telemetryTopic(device, contract);
  if (contract !== undefined && /[/+#\0]/.test(contract))
    throw new Problem(400, "contract is a name such as climate");
  const { elementsMax } = parts.limits;
  const elements = jsonElements(call.body, elementsMax);
  if (elements.length === 0) throw new Problem(400, "the body holds no values");
  if (elements.length > elementsMax)
    throw new Problem(
      413,
      `the body holds more than ${elementsMax} elements; at most ${elementsMax} are taken`,
    );
  const property = contract && parts.catalog.versions(contract)[0]?.timeProperty;
  const messages = elements.map((payload): Element => ({
    topic,
    payload: property === undefined ? payload : flattened(payload, property),
  }));
  const outcomes = await deliver(parts, call.caller, messages, {});
  countOutcomes(parts.counters, outcomes);
  const answer = answerOf(outcomes);
  return answer.status === 200
    ? { status: 200, body: "", type: JSON_TYPE }
    : { status: 400, body: answer.body, type: JSON_TYPE };
}

/** `{"ts":…,"values":{…}}` as one object; what has another form stays as it came. */
function flattened(payload: Buffer, timeProperty: string): Buffer {
  try {
    const value = parseExactly(payload.toString("utf8")) as { ts?: unknown; values?: unknown };
    const { ts, values, ...others } = value;
    const isForm = typeof ts === "number" && isObject(values) && Object.keys(others).length === 0;
    return isForm ? Buffer.from(exactText({ [timeProperty]: ts, ...values })) : payload;
  } catch {
    return payload; // Admission says what is wrong with it.
  }
}
