// InfluxDB's write addresses, so that Telegraf and the libraries for InfluxDB send to a gateway as they are:
// `POST /api/v2/write`, `POST /write`, and what they ask before they write.
//
// X1. 204: every point is in the log. 400: some are, and the answer names the lines that are not, each with its reason;
//     they are kept as rejects, and whoever sends need not send them again.
import { Problem } from "./problem.ts";
import { linesOf, nanosecondsOf } from "../ingest/codecs/line-protocol.ts";
import { countOutcomes } from "./counters.ts";
import { type Shown, ofToken } from "./credentials.ts";
import type { ElementOutcome } from "./element-outcome.ts";
import { type Call, JSON_TYPE, type Reply, type Route, type SayError } from "./route.ts";
import { type TelemetryParts, deliver } from "./telemetry-route.ts";
import { type WriteRules, type WrittenLine, writtenLine } from "./write-line.ts";

export interface WriteParts extends TelemetryParts {
  readonly catalog: WriteRules["catalog"];
  /** Epoch ms. */
  readonly clock: () => number;
}

/** Lines that an answer names; of the others it says how many they are. */
const LINES_NAMED_MAX = 20;

const CODES: Readonly<Record<number, string>> = {
  ...{ 400: "invalid", 401: "unauthorized", 403: "forbidden", 404: "not found" },
  ...{ 413: "request too large", 429: "too many requests", 503: "unavailable" },
};

const sayV2: SayError = (status, message) => ({
  type: JSON_TYPE,
  body: JSON.stringify({ code: CODES[status] ?? "internal error", message }),
});

/** InfluxDB 1.x knows no 429: Telegraf drops what is answered so, and sends again what is answered 503. */
const sayV1: SayError = (status, error) => ({
  ...{ status: status === 429 ? 503 : status, type: JSON_TYPE },
  body: JSON.stringify({ error }),
});

/** The version that programs of InfluxDB 1.x look for. */
const VERSION = { "x-influxdb-version": "1.8.10", "x-influxdb-build": "OSS" };

export function influxRoutes(parts: WriteParts): Route[] {
  return [
    {
      ...{ method: "POST", url: "/api/v2/write", sayError: sayV2 },
      handle: (call) => write(parts, call, sayV2),
    },
    {
      ...{ method: "POST", url: "/write", sayError: sayV1, shown: byQuery },
      handle: (call) => write(parts, call, sayV1),
    },
    ...["GET", "POST"].map((method): Route => ({
      ...{ method: method as Route["method"], url: "/query", sayError: sayV1, shown: byQuery },
      handle: answerQuery,
    })),
    { ...{ method: "GET", url: "/ping", open: true }, handle: () => NOTHING },
    { ...{ method: "GET", url: "/health", open: true }, handle: () => HEALTHY },
  ];
}

const NOTHING = Promise.resolve<Reply>({
  status: 204,
  body: "",
  type: JSON_TYPE,
  headers: VERSION,
});
const HEALTHY = Promise.resolve<Reply>({
  ...{ status: 200, type: JSON_TYPE },
  body: JSON.stringify({ name: "skerry", status: "pass", message: "ready for writes" }),
});

/** InfluxDB 1.x has user and password in the address as well. */
const byQuery = ({ query: { u, p } }: Pick<Call, "query">): Shown | undefined =>
  u === undefined && p === undefined ? undefined : ofToken(`${u ?? ""}:${p ?? ""}`);

/** Databases are none of a gateway's: whoever makes one before it writes hears that it is there. */
function answerQuery({ query, body }: Call): Promise<Reply> {
  const q = query["q"] ?? new URLSearchParams(body.toString("utf8")).get("q") ?? "";
  if (!/^\s*create\s+database\b/i.test(q))
    throw new Problem(400, "a gateway takes points and answers no queries; ask InfluxDB");
  const answer = JSON.stringify({ results: [{ statement_id: 0 }] });
  return Promise.resolve({ status: 200, body: answer, type: JSON_TYPE, headers: VERSION });
}

async function write(parts: WriteParts, call: Call, say: SayError): Promise<Reply> {
  const nsOfUnit = nanosecondsOf(call.query["precision"] || "ns");
  if (nsOfUnit === undefined) throw new Problem(400, "precision is one of ns, us, ms and s");
  const { elementsMax } = parts.limits;
  const lines = linesOf(call.body, elementsMax);
  if (lines.length > elementsMax)
    throw new Problem(
      413,
      `the body holds more than ${elementsMax} lines; at most ${elementsMax} are taken`,
    );
  const { catalog, clock } = parts;
  const rules = { catalog, sender: call.caller.device, nsOfUnit, nowMs: clock() };
  const written = lines.map((line) => writtenLine(rules, line));
  const elements = written.map(({ element }) => element);
  const outcomes = await deliver(parts, call.caller, elements, {});
  countOutcomes(parts.counters, outcomes);
  const refused = refusedOf(written, outcomes);
  if (refused.length === 0) return { status: 204, body: "", type: JSON_TYPE };
  return { ...say(400, partialWrite(refused)), status: 400 }; // X1
}

const refusedOf = (
  written: readonly WrittenLine[],
  outcomes: readonly ElementOutcome[],
): string[] =>
  written.flatMap(({ line, fault }, at) => {
    const outcome = outcomes[at]!;
    if (outcome.outcome !== "rejected") return [];
    return [`line ${line.number}: ${fault ?? `${outcome.reason}: ${outcome.detail}`}`];
  });

function partialWrite(refused: readonly string[]): string {
  const named = refused.slice(0, LINES_NAMED_MAX).join("; ");
  const more = refused.length > LINES_NAMED_MAX ? "; and more" : "";
  return `partial write: ${named}${more} dropped=${refused.length}`;
}
