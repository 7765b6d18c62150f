// Lanes: how far each operator is, and the frames themselves.
import type { LiveView } from "../../../platform/nats/live/live-view.ts";
import { frameValue } from "../../operations/lanes/frame-value.ts";
import { firstFrames, newestFrames } from "../../operations/lanes/frames.ts";
import { FrameJudge } from "../../operations/lanes/judged-frames.ts";
import { readLanes } from "../../operations/lanes/operators.ts";
import { readRegionLog } from "../../operations/lanes/region-log.ts";
import type { Hub } from "../hub.ts";
import { notFound } from "./problem.ts";
import { type Route, route } from "./route.ts";
import {
  anything,
  flag,
  integer,
  limit,
  list,
  object,
  oneOf,
  orNull,
  query,
  text,
  timeMs,
} from "./schema.ts";

const LOG = object({
  region: text(),
  isCopy: flag("the hub's copy; the origin is in the region"),
  firstSeq: integer(),
  lastSeq: integer(),
  bytes: integer(),
  bytesMax: orNull(integer()),
  lanes: list(
    object({
      partition: integer(),
      frames: integer("frames that the log holds"),
      newestSeq: integer(),
      newestMs: timeMs("when its newest frame was stored; 0 without one"),
    }),
  ),
});

const OPERATOR = object({
  region: text(),
  operator: oneOf(["alerting", "aggregator"]),
  partition: integer(),
  doneSeq: integer("frames up to here have had their effects"),
  savedSeq: integer("it would begin here after a restart"),
  watermarkMs: integer("how far event time has come"),
  newestSeq: integer("newest frame of the lane in the log that it reads"),
  stoppedBy: orNull(text("the reason for which it stands still")),
  isHeard: flag("a process that works on the lane is heard"),
  holes: list(anything("frames that are missing")),
});

const FRAME = object({
  seq: integer(),
  storeMs: timeMs("when it was stored"),
  isRepeated: flag("a frame that was there already"),
  problem: orNull(text("why it cannot be decoded")),
  hole: orNull(anything("frames that are missing before it")),
  header: orNull(
    object({
      gateway: text(),
      epoch: text("the start of the gateway"),
      n: integer("its number in the epoch"),
      count: integer("its readings"),
      total: integer("readings of the gateway in this epoch, up to it"),
      clockMs: timeMs("the gateway's clock"),
    }),
  ),
  readings: list(
    object({
      device: text(),
      contract: text(),
      version: integer(),
      receivedAtMs: timeMs("when it was received"),
      traceparent: orNull(text()),
      payload: anything("the values"),
    }),
  ),
});

const LANE = object({ region: text(), partition: integer() });

export function laneRoutes(hub: Hub, live: LiveView): Route[] {
  const processes = () =>
    live.processes.map(({ kind, instance, domain, status, heardMs }) => ({
      name: `${kind} ${instance}`,
      address: domain,
      isReady: hub.now() - heardMs < SILENT_MS,
      status,
    }));
  // Only a name that is known becomes part of a subject: what somebody wrote in a URL could say anything there.
  const checkRegion = (region: string): void => {
    if (!hub.regions.includes(region)) throw notFound(`There is no region "${region}".`);
  };
  const rangeOf = async (region: string, partition: number) => {
    checkRegion(region);
    const log = await readRegionLog(hub.connection, region);
    const lane = log?.lanes.find((one) => one.partition === partition);
    if (!log || !lane) throw notFound(`There is no lane ${region}/${partition}.`);
    return { fromSeq: log.firstSeq, untilSeq: lane.newestSeq };
  };
  return [
    route<unknown, { region?: string }>({
      method: "GET",
      path: "/lanes",
      summary: "Every lane of the hub's copies, and how far each operator is with it",
      role: "viewer",
      query: query({ region: text() }),
      answer: object({ logs: list(LOG), operators: list(OPERATOR) }),
      handle: async ({ query: { region } }) => {
        const regions = region === undefined ? hub.regions : [region];
        if (region !== undefined) checkRegion(region);
        const reports = await Promise.all(
          regions.map((one) => readLanes([hub.connection], one, processes(), null)),
        );
        return {
          logs: reports.flatMap(({ logs }) => logs),
          operators: reports.flatMap(({ region, operators }) =>
            operators.map(({ live, judgedSeq: _, ...operator }) => ({
              region,
              ...operator,
              stoppedBy: live?.stoppedBy ?? null,
              isHeard: live !== null,
            })),
          ),
        };
      },
    }),
    route<{ region: string; partition: number }, { from?: number; limit: number }>({
      method: "GET",
      path: "/lanes/:region/:partition/frames",
      summary: "Frames of a lane, decoded; the newest unless it is said from where",
      role: "viewer",
      params: LANE,
      query: query({ from: integer("first sequence"), limit: limit(10, 200) }),
      answer: object({ frames: list(FRAME), firstSeq: integer(), lastSeq: integer() }),
      handle: async ({ params: lane, query: { from, limit } }) => {
        const { fromSeq: firstSeq, untilSeq } = await rangeOf(lane.region, lane.partition);
        const range = { fromSeq: Math.max(firstSeq, from ?? 0), untilSeq };
        const read = from === undefined ? newestFrames : firstFrames;
        const entries = untilSeq === 0 ? [] : await read(hub.connection, lane, range, limit);
        const judge = new FrameJudge();
        const frames = entries.map((entry) => frameValue(judge.judge(entry)));
        return { frames, firstSeq, lastSeq: untilSeq };
      },
    }),
    route<{ region: string; partition: number; seq: number }>({
      method: "GET",
      path: "/lanes/:region/:partition/frames/:seq",
      summary: "One frame, decoded",
      role: "viewer",
      params: object({ region: text(), partition: integer(), seq: integer() }),
      answer: FRAME,
      handle: async ({ params: { seq, ...lane } }) => {
        const { untilSeq } = await rangeOf(lane.region, lane.partition);
        const range = { fromSeq: seq, untilSeq };
        const [entry] = await firstFrames(hub.connection, lane, range, 1);
        if (entry?.seq !== seq)
          throw notFound(`Lane ${lane.region}/${lane.partition} has no frame #${seq} (any more).`);
        return frameValue(new FrameJudge().judge(entry));
      },
    }),
  ];
}

/** A process that was not heard for so long does not answer. */
const SILENT_MS = 5_000;
