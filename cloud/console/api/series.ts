// Series: any field of any series from InfluxDB.
import type { Contract } from "../../../contracts/schema/contract.ts";
import type { InfluxClient } from "../../sinks/influx/client.ts";
import type { Hub } from "../hub.ts";
import { csvOf, readSeries, seriesOf } from "../series/read-series.ts";
import { SERIES_SOURCES, type SeriesSource, sourceFor, stepFor } from "../series/source.ts";
import { Problem, invalid, notFound } from "./problem.ts";
import { TextAnswer, type Route, route } from "./route.ts";
import {
  flag,
  integer,
  limit,
  list,
  number,
  object,
  oneOf,
  orNull,
  record,
  text,
  timeMs,
} from "./schema.ts";

const POINTS_DEFAULT = 1_000;
const POINTS_MAX = 50_000;
const SPAN_DEFAULT_MS = 3_600_000;
/** InfluxDB counts nanoseconds in 64 bits. */
const TIME_MAX_MS = 9_000_000_000_000;

const POINT = object({
  tMs: timeMs("of the reading, or the start of the window"),
  value: { description: "the reading's value, or the mean" },
  min: orNull(number()),
  max: orNull(number()),
  count: integer("readings"),
  revision: orNull(integer("times that the final was written anew")),
  isFinal: flag("false for a window that is still open"),
});

interface DataQuery {
  readonly contract: string;
  readonly field: string;
  readonly tags: string;
  readonly fromMs?: number;
  readonly untilMs?: number;
  readonly source?: SeriesSource;
  readonly points: number;
  readonly format: "json" | "csv";
}

export const seriesRoutes = (hub: Hub): Route[] => [listRoute(hub), dataRoute(hub)];

function influxOf({ influx }: Hub): InfluxClient {
  if (influx) return influx;
  throw new Problem(503, "No InfluxDB", { detail: "The console was not told of one." });
}

function contractOf({ catalog }: Hub, name: string): Contract {
  const [contract] = catalog.versions(name);
  if (!contract) throw notFound(`There is no contract "${name}".`);
  return contract;
}

const listRoute = (hub: Hub): Route =>
  route<unknown, { contract: string; search: string; region?: string; limit: number }>({
    method: "GET",
    path: "/series",
    summary: "The series of a contract by their tags, and its fields",
    role: "viewer",
    query: object(
      {
        contract: text(),
        search: text("part of the partition key", { default: "" }),
        region: text(),
        limit: limit(100, 1_000),
      },
      { optional: ["search", "region", "limit"] },
    ),
    answer: object({
      fields: list(object({ name: text(), type: text(), unit: orNull(text("UCUM code")) })),
      partitionKey: text(),
      series: list(record(text()), "tags of each"),
    }),
    handle: async ({ query: { contract: name, ...of } }) => {
      const contract = contractOf(hub, name);
      return {
        fields: contract.fields.map(({ name, type, unit }) => ({
          name,
          type,
          unit: unit ?? null,
        })),
        partitionKey: contract.partitionKey,
        series: await seriesOf(influxOf(hub), contract, of),
      };
    },
  });

const dataRoute = (hub: Hub): Route =>
  route<unknown, DataQuery>({
    method: "GET",
    path: "/series/data",
    summary: "Points of one field: readings, or rollups where the span is longer",
    role: "viewer",
    query: object(
      {
        contract: text(),
        field: text(),
        tags: text('tags that the points have, as JSON: {"device":"boiler-7"}', {
          default: "{}",
        }),
        fromMs: timeMs("the beginning; without it an hour before the end"),
        untilMs: timeMs("the end; now without it"),
        source: oneOf(SERIES_SOURCES, "without it as the span asks for"),
        points: integer("at most", { minimum: 10, maximum: POINTS_MAX, default: POINTS_DEFAULT }),
        format: { ...oneOf(["json", "csv"]), default: "json" },
      },
      { optional: ["tags", "fromMs", "untilMs", "source", "points", "format"] },
    ),
    answer: object({
      contract: text(),
      field: text(),
      unit: orNull(text("UCUM code")),
      source: oneOf(SERIES_SOURCES),
      stepMs: integer("time between two points; 0 for readings"),
      isCutShort: flag("there are more points than were asked for"),
      points: list(POINT),
    }),
    alsoAnswers: "text/csv",
    handle: async ({ query }) => {
      const contract = contractOf(hub, query.contract);
      const field = contract.fields.find(({ name }) => name === query.field);
      if (!field) throw notFound(`Contract ${query.contract} has no field "${query.field}".`);
      const untilMs = query.untilMs ?? hub.now();
      const fromMs = query.fromMs ?? untilMs - SPAN_DEFAULT_MS;
      if (Math.max(Math.abs(fromMs), Math.abs(untilMs)) > TIME_MAX_MS)
        throw invalid("InfluxDB knows no such time.");
      if (fromMs >= untilMs) throw invalid("The span ends before it begins.");
      const isNumber = field.type === "number" || field.type === "integer";
      const source = query.source ?? sourceFor(untilMs - fromMs, isNumber);
      if (source !== "raw" && !isNumber) throw invalid(`There are no rollups of ${field.name}.`);
      const stepMs = stepFor(source, untilMs - fromMs, query.points);
      const tags = tagsOf(query.tags);
      const span = { fromMs, untilMs, source, stepMs, pointsMax: query.points };
      const of = { contract, field: field.name, tags, ...span };
      const points = await readSeries(influxOf(hub), of);
      if (query.format === "csv")
        return new TextAnswer(
          "text/csv; charset=utf-8",
          csvOf(points),
          `${contract.name}-${field.name}.csv`,
        );
      const isCutShort = points.length >= query.points;
      const unit = field.unit ?? null;
      return {
        contract: contract.name,
        field: field.name,
        unit,
        source,
        stepMs,
        isCutShort,
        points,
      };
    },
  });

function tagsOf(json: string): Record<string, string> {
  try {
    const tags = JSON.parse(json) as unknown;
    const isTags =
      typeof tags === "object" &&
      tags !== null &&
      Object.values(tags).every((value) => typeof value === "string");
    if (isTags) return tags as Record<string, string>;
  } catch {
    // Said below.
  }
  throw invalid('Tags are a JSON object of texts: {"device":"boiler-7"}');
}
