// The facts of the home page.
import { LATENCY_HOPS } from "../../../contracts/messages/latency.ts";
import { PROBLEM_KINDS } from "../../insight/insight.ts";
import { LAG_STATES } from "../../insight/lag/verdict.ts";
import type { Overview } from "../overview/overview.ts";
import { LEDGER } from "./ledger-schema.ts";
import { Problem } from "./problem.ts";
import { type Route, route } from "./route.ts";
import {
  type Schema,
  anything,
  flag,
  integer,
  list,
  number,
  object,
  oneOf,
  orNull,
  record,
  text,
  timeMs,
} from "./schema.ts";

const VERDICT = object({
  state: oneOf(LAG_STATES),
  sinceMs: timeMs("since when it is so"),
  motion: text("how its position moves"),
  behindFrames: number(),
  behindMs: orNull(number("age of the oldest frame that is not done")),
  etaMs: orNull(number("time until it has caught up")),
  why: text("the state in words"),
});

const LOG = {
  bytes: integer(),
  bytesMax: orNull(integer()),
  firstSeq: integer(),
  lastSeq: integer(),
  atMs: timeMs("when this was seen"),
};

const LATENCY = object({
  ...{ readings: integer(), p50: number(), p99: number(), max: number() },
  atMs: timeMs("when the last of them was stored"),
});

const HOPS: Schema = {
  type: "object",
  properties: Object.fromEntries(LATENCY_HOPS.map((hop) => [hop, LATENCY])),
  additionalProperties: false,
};

const REGION = object({
  region: text(),
  link: orNull(
    object({
      up: flag(),
      sinceMs: timeMs("since when"),
      seenMs: timeMs("when it was looked at"),
      outages: list(object({ fromMs: timeMs("begin"), toMs: orNull(timeMs("end")) })),
    }),
  ),
  log: orNull(object(LOG)),
  copy: orNull(object({ ...LOG, verdict: VERDICT })),
  wentBack: orNull(
    text("streams that went back behind the hub's copies, and have not gone on yet"),
  ),
  lanes: list(object({ partition: integer(), aggregator: VERDICT, alerting: VERDICT })),
  channels: list(object({ channel: text(), verdict: VERDICT })),
  path: VERDICT,
  freshnessMs: orNull(number("age of what the sink has of every lane")),
  drainAfterMs: orNull(number("time that draining takes once the link is back")),
  roomMs: orNull(number("time until the region's log is full if the hub does not copy it")),
  bytesPerHour: orNull(number("how much comes in an hour")),
  readingsStored: integer("readings that gateways stored since they started"),
  latency: HOPS,
  canary: orNull(
    object({
      region: text(),
      partition: integer(),
      gateway: text(),
      sentMs: timeMs("when its gateway asked for it"),
      storedMs: timeMs("when the store acknowledged it"),
      hopsMs: record(number()),
    }),
  ),
  connections: orNull(integer("clients connected to its gateways; null while none is heard")),
  behindOutage: integer("readings that waited behind an outage of the WAN"),
});

const OVERVIEW = object({
  atMs: timeMs("when the facts were gathered"),
  processes: list(
    object({
      kind: text(),
      instance: text(),
      domain: text("hub or a region"),
      startedMs: timeMs("when it started"),
      silentMs: number("time since it was heard"),
      vitals: anything("memory, event loop, share of a core"),
    }),
  ),
  regions: list(REGION),
  sink: object({
    state: oneOf(["ok", "refusing", "unknown"]),
    detail: text(),
    sinceMs: orNull(timeMs("since when it takes nothing")),
  }),
  ledger: orNull(LEDGER),
  alertsFiring: orNull(integer()),
  clockSkews: object({
    devices: record(integer(), "devices whose clock is off, by region"),
    most: list(
      object({ region: text(), device: text(), skewMs: number("positive: it is behind") }),
      "the farthest off first",
    ),
  }),
  problems: list(
    object({
      kind: oneOf(PROBLEM_KINDS),
      state: oneOf(["wrong", "degraded"], "wrong: somebody has to act"),
      region: orNull(text()),
      text: text("what is wrong, a clause"),
      next: text("what to do next"),
      runBook: text("its section of the guide run-books"),
    }),
    "the worst first",
  ),
  state: oneOf(["ok", "degraded", "wrong", "unknown"]),
  sentence: text("the verdict"),
});

/** The newest facts. @throws Problem 503 before the first. */
export function factsOf(latest: () => Overview | null): Overview {
  const found = latest();
  if (found) return found;
  throw new Problem(503, "No facts yet", { detail: "The console has just started." });
}

/** @param latest the newest facts; null before the first. */
export const overviewRoutes = (latest: () => Overview | null): Route[] => [
  route({
    method: "GET",
    path: "/overview",
    summary: "The state of everything, as the home page shows it",
    role: "viewer",
    answer: OVERVIEW,
    handle: async () => Promise.resolve(factsOf(latest)),
  }),
];
