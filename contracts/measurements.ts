// The only place that spells InfluxDB measurements, tags and fields.
import type { Contract } from "./contract.ts";

/** A reading's own point: measurement = contract name, tags `region` and `device`. */
export const rawMeasurement = (contract: string): string => contract;

/** Rollups of whole minutes; open ones are overwritten about once a second, finals written once. */
export const ROLLUP_WINDOWS = [{ name: "1m", sizeMs: 60_000 }] as const;
export type RollupWindow = (typeof ROLLUP_WINDOWS)[number];

export const rollupMeasurement = (
  contract: string,
  window: RollupWindow["name"],
  state: "open" | "final",
): string => `${contract}_${window}${state === "open" ? "_open" : ""}`;

/** Fields of a rollup besides `{field}_{statistic}`. */
export const ROLLUP_COUNT = "count";
export const ROLLUP_STATISTICS = ["min", "max", "mean", "sum", "stddev", "first", "last"] as const;

/** The tag that names a series beside `region`: `device`, or the contract's partition key. */
export const seriesTag = (contract: Contract): string => contract.partitionKey;
