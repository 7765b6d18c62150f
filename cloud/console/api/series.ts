// Series: any field of any series from InfluxDB.
import type { Contract } from "../../../contracts/schema/contract.ts";
import type { InfluxClient } from "../../sinks/influx/client.ts";
import type { Hub } from "../hub.ts";
import { csvOf } from "../series/csv.ts";
import {
  type SeriesLine,
  type SeriesPoint,
  type SeriesQuery,
  readSeries,
  seriesOf,
} from "../series/read-series.ts";
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

/** Lines of one answer: more than can be told apart by their colours are none that anybody reads. */
const LINES_MAX = 8;
const POINTS_MIN = 10;
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

const LINE = object({
  tags: record(text()),
  field: text(),
  unit: orNull(text("UCUM code")),
  source: oneOf(SERIES_SOURCES),
  stepMs: integer("time between two points; 0 for readings"),
  isCutShort: flag("there are more points than were asked for"),
  points: list(POINT),
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
    summary:
      "Points of some fields of some series: readings, or rollups where the span is longer; each field of each series is a line",
    role: "viewer",
    query: object(
      {
        contract: text(),
        field: text(`one, or several with commas between; up to ${LINES_MAX} lines in all`),
        tags: text('tags that the points have, as JSON: {"device":"boiler-7"}, or a list of such', {
          default: "{}",
        }),
        fromMs: timeMs("the beginning; without it an hour before the end"),
        untilMs: timeMs("the end; now without it"),
        source: oneOf(SERIES_SOURCES, "without it as the span asks for"),
        points: integer("at most, of all lines together, but ten of each line at least", {
          minimum: 10,
          maximum: POINTS_MAX,
          default: POINTS_DEFAULT,
        }),
        format: { ...oneOf(["json", "csv"]), default: "json" },
      },
      { optional: ["tags", "fromMs", "untilMs", "source", "points", "format"] },
    ),
    answer: object({ contract: text(), lines: list(LINE) }),
    alsoAnswers: "text/csv",
    handle: async ({ query }) => {
      const contract = contractOf(hub, query.contract);
      const asked = linesAsked(contract, query, spanOf(query, hub.now()));
      const influx = influxOf(hub);
      const points = await Promise.all(asked.map((one) => readSeries(influx, one)));
      const lines = asked.map((one, at) => lineOf(one, points[at]!));
      if (query.format === "csv")
        return new TextAnswer("text/csv; charset=utf-8", csvOf(lines), csvName(contract, lines));
      return { contract: contract.name, lines };
    },
  });

function spanOf(
  { fromMs, untilMs }: DataQuery,
  nowMs: number,
): { fromMs: number; untilMs: number } {
  const until = untilMs ?? nowMs;
  const from = fromMs ?? until - SPAN_DEFAULT_MS;
  if (Math.max(Math.abs(from), Math.abs(until)) > TIME_MAX_MS)
    throw invalid("InfluxDB knows no such time.");
  if (from >= until) throw invalid("The span ends before it begins.");
  return { fromMs: from, untilMs: until };
}

/** The questions to InfluxDB, one for each line. @throws Problem for a field that there is not, or too many lines. */
function linesAsked(
  contract: Contract,
  query: DataQuery,
  span: { fromMs: number; untilMs: number },
): SeriesQuery[] {
  const names = [...new Set(query.field.split(","))];
  const series = seriesAsked(query.tags);
  const many = names.length * series.length;
  if (many > LINES_MAX)
    throw invalid(`${many} lines are asked for, and ${LINES_MAX} are the most.`);
  const pointsMax = Math.max(POINTS_MIN, Math.floor(query.points / many));
  const spanMs = span.untilMs - span.fromMs;
  const fields = names.map((name) => {
    const field = contract.fields.find((one) => one.name === name);
    if (!field) throw notFound(`Contract ${contract.name} has no field "${name}".`);
    const isNumber = field.type === "number" || field.type === "integer";
    const source = query.source ?? sourceFor(spanMs, isNumber);
    if (source !== "raw" && !isNumber) throw invalid(`There are no rollups of ${field.name}.`);
    return { field: field.name, source, stepMs: stepFor(source, spanMs, pointsMax) };
  });
  return series.flatMap((tags) =>
    fields.map((field) => ({ contract, tags, ...field, ...span, pointsMax })),
  );
}

const lineOf = (of: SeriesQuery, points: SeriesPoint[]): SeriesLine => ({
  tags: of.tags,
  field: of.field,
  unit: of.contract.fields.find(({ name }) => name === of.field)?.unit ?? null,
  source: of.source,
  stepMs: of.stepMs,
  isCutShort: points.length >= of.pointsMax,
  points,
});

/** Fields that a file is named for. */
const NAMED_MAX = 3;

/** A file says by its name that there was more than it holds. */
function csvName({ name }: Contract, lines: readonly SeriesLine[]): string {
  const fields = [...new Set(lines.map(({ field }) => field))];
  const named = fields.length > NAMED_MAX ? [`${fields.length}-fields`] : fields;
  const short = lines.some(({ isCutShort }) => isCutShort) ? ["cut-short"] : [];
  return `${[name, ...named, ...short].join("-")}.csv`;
}

type Tags = Readonly<Record<string, string>>;

const isTags = (value: unknown): value is Tags =>
  typeof value === "object" &&
  value !== null &&
  !Array.isArray(value) &&
  Object.values(value).every((one) => typeof one === "string");

/** One series or several, each once. */
function seriesAsked(json: string): Tags[] {
  try {
    const value = JSON.parse(json) as unknown;
    const series = Array.isArray(value) ? (value as unknown[]) : [value];
    if (series.length > 0 && series.every(isTags))
      return [...new Map(series.map((tags) => [JSON.stringify(tags), tags])).values()];
  } catch {
    // Said below.
  }
  throw invalid('Tags are a JSON object of texts, {"device":"boiler-7"}, or a list of such.');
}
