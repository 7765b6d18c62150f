// Activity: events at the doors of the gateways, commands, long work.
import { type Reply, commandState } from "../../../contracts/messages/command.ts";
import type { LiveEventKind } from "../../../contracts/messages/live.ts";
import { findCommands } from "../../operations/commands/store.ts";
import type { Hub } from "../hub.ts";
import type { Jobs } from "../jobs.ts";
import type { EventLog } from "../live/event-log.ts";
import { notFound } from "./problem.ts";
import { type Route, route } from "./route.ts";
import {
  anything,
  integer,
  limit,
  list,
  object,
  oneOf,
  orNull,
  query,
  record,
  text,
  timeMs,
} from "./schema.ts";

const KINDS: Readonly<Record<LiveEventKind, true>> = {
  connect_refused: true,
  connected: true,
  connection_closed: true,
  reject: true,
  slow_consumer: true,
  session_queue: true,
  slowed_down: true,
};

export const EVENT = object({
  atMs: timeMs("when it happened"),
  kind: oneOf(Object.keys(KINDS)),
  region: text(),
  gateway: text(),
  clientId: orNull(text()),
  address: orNull(text("the address of the client")),
  device: orNull(text()),
  reason: text("a short name"),
  detail: text("what exactly"),
});

export const JOB = object({
  id: text(),
  kind: text(),
  by: text("who asked for it"),
  state: oneOf(["running", "done", "failed"]),
  startedMs: timeMs("when it began"),
  endedMs: orNull(timeMs("when it ended")),
  done: integer("things done"),
  total: integer("things to do"),
  etaMs: orNull(integer("time left at the rate so far, ms")),
  counts: record(integer(), "the number of each outcome"),
  lines: list(text(), "the last lines of what was found"),
});

const COMMAND = object({
  device: text(),
  id: text(),
  by: text("who issued it"),
  issuedAtMs: timeMs("when it was issued"),
  expiresAtMs: timeMs("when it is not sent any more"),
  payload: anything("the body"),
  state: oneOf(["queued", "delivered", "expired"], "delivered: its device answered"),
  reply: orNull(
    object({
      region: text(),
      receivedAtMs: timeMs("when its gateway received it"),
      payload: text("what the device answered, base64"),
    }),
  ),
});

const replyOf = (reply: Reply | null) =>
  reply && { region: reply.region, receivedAtMs: reply.receivedAtMs, payload: reply.payload };

export const activityRoutes = (hub: Hub, events: EventLog, jobs: Jobs): Route[] => [
  route<unknown, { kind?: LiveEventKind; device?: string; region?: string; limit: number }>({
    method: "GET",
    path: "/activity",
    summary: "The last events at the gateways' doors, newest first",
    role: "viewer",
    query: query({
      kind: oneOf(Object.keys(KINDS)),
      device: text("a device or client id"),
      region: text(),
      limit: limit(200, 2_000),
    }),
    answer: object({
      events: list(EVENT),
      counted: record(integer(), "events that were only counted: region/kind/reason"),
    }),
    handle: async ({ query }) =>
      Promise.resolve({ events: events.find(query), counted: events.counted }),
  }),
  route<unknown, { device?: string; limit: number }>({
    method: "GET",
    path: "/commands",
    summary: "The newest commands to devices with the last reply to each, newest first",
    role: "viewer",
    query: query({ device: text("only to this device"), limit: limit(50, 200) }),
    answer: object({ commands: list(COMMAND) }),
    handle: async ({ query: { device, limit } }) => {
      const of = device === undefined ? {} : { device };
      const found = await findCommands(hub.connection, of, limit);
      const commands = found.map(({ command, reply }) => {
        const { device, id, by, issuedAtMs, expiresAtMs, payload } = command;
        const state = commandState(command, reply, hub.now());
        return { device, id, by, issuedAtMs, expiresAtMs, payload, state, reply: replyOf(reply) };
      });
      return { commands: commands.reverse() };
    },
  }),
  route({
    method: "GET",
    path: "/jobs",
    summary: "Long work that runs or ran, newest first",
    role: "viewer",
    answer: object({ jobs: list(JOB) }),
    handle: async () => Promise.resolve({ jobs: jobs.all }),
  }),
  route<{ id: string }>({
    method: "GET",
    path: "/jobs/:id",
    summary: "The progress of one",
    role: "viewer",
    params: object({ id: text() }),
    answer: JOB,
    handle: async ({ params }) => {
      const job = jobs.get(params.id);
      if (!job) throw notFound(`There is no work ${params.id} any more.`);
      return Promise.resolve(job);
    },
  }),
];
