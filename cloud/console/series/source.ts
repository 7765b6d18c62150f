// The measurement that a span of time is drawn from (pure): readings, or rollups that are not more than can be seen.
import { DAY, HOUR, MINUTE, TEN_SECONDS } from "../../../contracts/names/measurements.ts";

export const SERIES_SOURCES = ["raw", TEN_SECONDS.name, MINUTE.name, HOUR.name, DAY.name] as const;
export type SeriesSource = (typeof SERIES_SOURCES)[number];

/** Spans up to this are drawn reading by reading. */
const RAW_SPAN_MS = 10 * 60_000;
/** Spans up to this are drawn from the smallest rollups. */
const TEN_SECONDS_SPAN_MS = 2 * 3_600_000;
const MINUTE_SPAN_MS = 7 * DAY.sizeMs;
const HOUR_SPAN_MS = 366 * DAY.sizeMs;

/** Windows of the rollups, ms; readings have none. */
export const WINDOW_MS: Readonly<Record<SeriesSource, number>> = {
  raw: 0,
  "10s": TEN_SECONDS.sizeMs,
  "1m": MINUTE.sizeMs,
  "1h": HOUR.sizeMs,
  "1d": DAY.sizeMs,
};

/** Readings while they can be told apart, then rollups: the longer the span, the larger. Text has no rollups. */
export function sourceFor(spanMs: number, isNumber: boolean): SeriesSource {
  if (!isNumber || spanMs <= RAW_SPAN_MS) return "raw";
  if (spanMs <= TEN_SECONDS_SPAN_MS) return "10s";
  if (spanMs <= MINUTE_SPAN_MS) return "1m";
  return spanMs <= HOUR_SPAN_MS ? "1h" : "1d";
}

/** The step of a drawing, ms: that of its source, or a whole multiple of it, so that points stay under a bound. */
export function stepFor(source: SeriesSource, spanMs: number, pointsMax: number): number {
  const windowMs = WINDOW_MS[source];
  if (windowMs === 0) return 0;
  return Math.max(1, Math.ceil(spanMs / windowMs / pointsMax)) * windowMs;
}

/** The tags of a series key as InfluxDB writes it: `climate,device=a\,b,region=eu`. */
export function tagsOfKey(key: string): Record<string, string> {
  const plain = (text: string): string => text.replaceAll(/\\([,= ])/g, "$1");
  const [, ...tags] = key.split(/(?<!\\),/);
  return Object.fromEntries(
    tags.map((tag) => {
      const [name = "", ...value] = tag.split(/(?<!\\)=/);
      return [plain(name), plain(value.join("="))];
    }),
  );
}
