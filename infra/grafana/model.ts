// What a dashboard shows, without how Grafana writes it down; pure data.
import type { SourceName } from "./sources.ts";

export interface Query {
  readonly source: SourceName;
  /** PromQL or InfluxQL, with Grafana's variables. */
  readonly text: string;
  /** Name of each series: `{{label}}` of Prometheus, `$tag_name`, `$col` or `$m` of InfluxDB. */
  readonly legend: string;
}

/** Units of Grafana, as far as panels use them. */
export type Unit = "short" | "s" | "ns" | "bytes" | "Bps" | "cps" | "ops" | "percentunit" | "none";

/** A color, from a value on; the first has none. */
export interface Step {
  readonly from: number | null;
  readonly color: "green" | "yellow" | "red" | "blue";
}

export interface Panel {
  readonly title: string;
  /** One or two sentences: the figure, and when to worry. */
  readonly about: string;
  /** `now` is one value of each series, `table` a row of each; `heatmap` takes buckets of a histogram. */
  readonly kind: "lines" | "areas" | "now" | "table" | "heatmap";
  readonly queries: readonly Query[];
  readonly unit?: Unit;
  /** Columns, 24 at most. */
  readonly width?: number;
  readonly steps?: readonly Step[];
  /** Words for values. */
  readonly words?: Readonly<Record<string, string>>;
  /** One panel for each value of this variable. */
  readonly repeat?: string;
  /** Traces of single readings as dots. */
  readonly exemplars?: boolean;
  /** Columns of a table that say nothing. */
  readonly without?: readonly string[];
}

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

export interface Variable {
  readonly name: string;
  readonly label: string;
  readonly source: SourceName;
  /** `label_values(…)` of Prometheus, `SHOW …` of InfluxDB. */
  readonly query: string;
  /** Keeps what it matches, or its first group. */
  readonly regex?: string;
  readonly many?: boolean;
}

export interface Dashboard {
  /** Part of its URL, and of its file. */
  readonly name: string;
  readonly title: string;
  readonly about: string;
  readonly variables: readonly Variable[];
  readonly rows: readonly Row[];
}

/** Regions whose gateways Prometheus knows. */
export const REGION: Variable = {
  name: "region",
  label: "Region",
  source: "prometheus",
  query: 'label_values(skerry_build_info{process="gateway"}, region)',
  many: true,
};

export const prometheus = (text: string, legend: string): Query => ({
  source: "prometheus",
  text,
  legend,
});

export const influx = (text: string, legend: string): Query => ({
  source: "influxdb",
  text,
  legend,
});

export const internal = (text: string, legend: string): Query => ({
  source: "internal",
  text,
  legend,
});

/** Green while it is 0. */
export const ZERO_IS_GOOD: readonly Step[] = [
  { from: null, color: "green" },
  { from: 1, color: "red" },
];

/** Green while it is 0, yellow from then on: to be looked at, without haste. */
export const ZERO_IS_CALM: readonly Step[] = [
  { from: null, color: "green" },
  { from: 1, color: "yellow" },
];
