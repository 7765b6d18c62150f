// The only place that spells InfluxDB measurements, tags and fields.
import type { Contract } from "../schema/contract.ts";

/** A reading's own point: measurement = contract name, tags `region` and `device`. */
export const rawMeasurement = (contract: string): string => contract;

/**
 * Rollups; open ones are overwritten about once a second, a final is written when its window ends and
 * again, with its revision raised, when late readings changed it. The minute is merged from its tens
 * of seconds.
 */
export const TEN_SECONDS = { name: "10s", sizeMs: 10_000 } as const;
export const MINUTE = { name: "1m", sizeMs: 60_000 } as const;
export const ROLLUP_WINDOWS = [TEN_SECONDS, MINUTE] as const;

/** Rollups of hours and days of UTC: merged from the stored finals of the window below, and final at once. */
export const HOUR = { name: "1h", sizeMs: 3_600_000 } as const;
export const DAY = { name: "1d", sizeMs: 86_400_000 } as const;
export const LONG_WINDOWS = [HOUR, DAY] as const;
export type RollupWindow = (typeof ROLLUP_WINDOWS | typeof LONG_WINDOWS)[number];

export const rollupMeasurement = (
  contract: string,
  window: RollupWindow["name"],
  state: "open" | "final",
): string => `${contract}_${window}${state === "open" ? "_open" : ""}`;

/** Fields of a rollup besides `{field}_{statistic}` and `{field}_{quantile}`. */
export const ROLLUP_COUNT = "count";
/** The number of times that a final was written with other values than before; open rollups have none. */
export const ROLLUP_REVISION = "revision";
export const ROLLUP_STATISTICS = ["min", "max", "mean", "sum", "stddev", "first", "last"] as const;
/** Quantiles of fields marked `x-quantiles`. */
export const ROLLUP_QUANTILES = [
  { name: "p50", q: 0.5 },
  { name: "p90", q: 0.9 },
  { name: "p95", q: 0.95 },
  { name: "p99", q: 0.99 },
] as const;

/** The number of values of a field, where some readings of the window lack it; in finals from a minute on. */
export const ROLLUP_FIELD_COUNT = "count";
/** The quantiles of a field as text, to be merged; in finals from a minute on. */
export const ROLLUP_SKETCH = "sketch";

/** The tag that names a series beside `region`: `device`, or the contract's partition key. */
export const seriesTag = (contract: Contract): string => contract.partitionKey;

/** The last canary of each hour: tags `region`, `partition`, `gateway`, field `sent`. */
export const CANARY = "skerry_canary";

/** Results of the hourly comparison of log and InfluxDB: tags `region`, `contract`. */
export const RECONCILIATION = "skerry_reconciliation";
