// Metrics as every process declares them; pure. One declaration serves Prometheus, OTLP and the reference page.

/** One reading of a histogram, with the trace in which it was seen. */
export interface Exemplar {
  readonly value: number;
  readonly atMs: number;
  readonly traceId: string;
  readonly spanId: string;
}

/** `counts[i]` values were at most `bounds[i]` and above the bound before; the last count is of those above all. */
export interface HistogramValue {
  /** Upper bounds, ascending, in the unit of the metric. */
  readonly bounds: readonly number[];
  /** One more than `bounds`; not cumulative. */
  readonly counts: readonly number[];
  readonly sum: number;
  readonly exemplars?: readonly Exemplar[];
}

export type MetricValue = number | HistogramValue;

export type Labels = Readonly<Record<string, string>>;

/** One series at the moment of asking. */
export interface MetricPoint {
  readonly labels: Labels;
  readonly value: MetricValue;
}

export interface MetricSpec {
  /** `skerry.<area>.<noun>`; {@link metricFamily} says what Prometheus makes of it. */
  readonly name: string;
  readonly kind: "counter" | "gauge" | "histogram";
  /** UCUM: `s`, `By`, `1`, or a thing in braces such as `{reading}`. Base units only. */
  readonly unit: string;
  readonly doc: string;
  /**
   * Read when somebody asks: a hot path only counts. One value, a record with one series per key of `label`, or
   * points with the labels that `labels` names. A label of a point goes before the process's own of that name.
   */
  readonly read: () => MetricValue | Readonly<Record<string, MetricValue>> | Iterable<MetricPoint>;
  readonly label?: string;
  readonly labels?: readonly string[];
}

/** The names that Prometheus knows a metric by. */
export interface MetricFamily {
  /** Ends with the unit, if that has a name; a counter lacks its `_total`. */
  readonly name: string;
  /** The name of a counter's samples ends with `_total`. */
  readonly sample: string;
  readonly unit: string | null;
}

const UNIT_NAMES: Readonly<Record<string, string>> = { s: "seconds", By: "bytes" };
const NAME = /^skerry(\.[a-z][a-z0-9_]*)+$/;

/** @throws RangeError for a name that is not of this shape, or a unit that is no base unit. */
export function metricFamily({
  name,
  kind,
  unit,
}: Pick<MetricSpec, "name" | "kind" | "unit">): MetricFamily {
  if (!NAME.test(name)) throw new RangeError(`no name of a metric: "${name}"`);
  const unitName = UNIT_NAMES[unit] ?? null;
  if (unitName === null && unit !== "1" && !/^\{[a-z_]+\}$/.test(unit))
    throw new RangeError(`no base unit of ${name}: "${unit}"`);
  const plain = name.replaceAll(".", "_");
  const full = unitName === null || plain.endsWith(`_${unitName}`) ? plain : `${plain}_${unitName}`;
  return { name: full, sample: kind === "counter" ? `${full}_total` : full, unit: unitName };
}

/** Every series of a metric, with the labels of its process below its own. */
export function pointsOf({ read, label }: MetricSpec, own: Labels): MetricPoint[] {
  const value = read();
  if (typeof value === "number" || isHistogram(value)) return [{ labels: own, value }];
  if (isIterable(value))
    return Array.from(value, (point) => ({
      labels: { ...own, ...point.labels },
      value: point.value,
    }));
  const key = label ?? "kind";
  return Object.entries(value).map(([of, one]) => ({ labels: { ...own, [key]: of }, value: one }));
}

const isHistogram = (value: object): value is HistogramValue =>
  "counts" in value && Array.isArray(value.counts);

const isIterable = (value: object): value is Iterable<MetricPoint> => Symbol.iterator in value;
