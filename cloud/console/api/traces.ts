// Traces of readings, as processes sent them.
import type { TraceStore } from "../traces/trace-store.ts";
import { notFound } from "./problem.ts";
import { type Route, route } from "./route.ts";
import {
  flag,
  integer,
  limit,
  list,
  number,
  object,
  orNull,
  query,
  record,
  text,
} from "./schema.ts";

const SUMMARY = object({
  traceId: text(),
  name: text("of its first span"),
  startMs: number("epoch ms"),
  durationMs: number(),
  spans: integer(),
  services: list(text()),
  isError: flag(),
});

const SPAN = object({
  spanId: text(),
  parentSpanId: orNull(text()),
  name: text(),
  service: text(),
  region: orNull(text()),
  startMs: number("epoch ms"),
  endMs: number("epoch ms"),
  isError: flag(),
  attributes: record({ type: ["string", "number", "boolean"] }),
});

export const traceRoutes = (traces: TraceStore): Route[] => [
  route<unknown, { search: string; limit: number }>({
    method: "GET",
    path: "/traces",
    summary: "The last traces that were sent to the console, the last heard first",
    role: "viewer",
    query: query({
      search: text("something in a name or an attribute", { default: "" }),
      limit: limit(100, 1_000),
    }),
    answer: object({ traces: list(SUMMARY) }),
    handle: async ({ query }) => Promise.resolve({ traces: traces.find(query) }),
  }),
  route<{ id: string }>({
    method: "GET",
    path: "/traces/:id",
    summary: "The spans of one trace",
    role: "viewer",
    params: object({ id: text() }),
    answer: object({ traceId: text(), spans: list(SPAN) }),
    handle: async ({ params: { id } }) => {
      const spans = traces.get(id);
      if (!spans) throw notFound(`There is no trace ${id} (any more).`);
      return Promise.resolve({ traceId: id, spans });
    },
  }),
];
