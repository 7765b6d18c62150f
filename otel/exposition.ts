// Metrics as text, in the two formats that Prometheus reads; pure. Sources: "Exposition formats, text-based format"
// of Prometheus, version 0.0.4, and the OpenMetrics specification 1.0.
import {
  type Exemplar,
  type HistogramValue,
  type Labels,
  type MetricPoint,
  type MetricSpec,
  metricFamily,
} from "./metrics.ts";

export type Format = "text" | "openmetrics";

export const CONTENT_TYPES: Readonly<Record<Format, string>> = {
  text: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

export type SpecWithPoints = Pick<MetricSpec, "name" | "kind" | "unit" | "doc"> & {
  readonly points: readonly MetricPoint[];
};

/** OpenMetrics if `accept` names it and does not rank plain text above it (RFC 9110, section 12.5.1). */
export function formatFor(accept: string): Format {
  const quality = { "application/openmetrics-text": 0, "text/plain": 0 };
  for (const range of accept.split(",")) {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    if (!(type in quality)) continue;
    const q = Number(parameters.find((one) => one.startsWith("q="))?.slice(2) ?? 1);
    const of = type as keyof typeof quality;
    quality[of] = Math.max(quality[of], Number.isNaN(q) ? 0 : q);
  }
  const wanted = quality["application/openmetrics-text"];
  return wanted > 0 && wanted >= quality["text/plain"] ? "openmetrics" : "text";
}

/** The whole answer: `target` as `target_info`, then every metric in the order given. */
export function exposition(
  format: Format,
  target: Labels,
  metrics: readonly SpecWithPoints[],
): string {
  const isOpen = format === "openmetrics";
  const info = isOpen ? { name: "target", kind: "info" } : { name: "target_info", kind: "gauge" };
  const lines = [
    `# TYPE ${info.name} ${info.kind}`,
    `# HELP ${info.name} Attributes of the process, as OpenTelemetry names them.`,
    `target_info${labelText(target)} 1`,
  ];
  for (const metric of metrics) {
    const family = metricFamily(metric);
    const name = isOpen ? family.name : family.sample;
    lines.push(`# TYPE ${name} ${metric.kind}`);
    if (isOpen && family.unit !== null) lines.push(`# UNIT ${name} ${family.unit}`);
    lines.push(`# HELP ${name} ${escapeHelp(metric.doc, isOpen)}`);
    for (const { labels, value } of metric.points)
      if (typeof value === "number")
        lines.push(`${family.sample}${labelText(labels)} ${numberText(value)}`);
      else lines.push(...histogramLines(family.name, labels, value, isOpen));
  }
  if (isOpen) lines.push("# EOF");
  return `${lines.join("\n")}\n`;
}

function histogramLines(
  name: string,
  labels: Labels,
  { bounds, counts, sum, exemplars = [] }: HistogramValue,
  isOpen: boolean,
): string[] {
  const newest = isOpen ? newestByBucket(bounds, exemplars) : new Map<number, Exemplar>();
  let count = 0;
  const lines = counts.map((ofBucket, bucket) => {
    count += ofBucket;
    const le = bucket < bounds.length ? boundText(bounds[bucket]!, isOpen) : "+Inf";
    const exemplar = newest.get(bucket);
    const shown = exemplar === undefined ? "" : exemplarText(exemplar);
    return `${name}_bucket${labelText({ ...labels, le })} ${count}${shown}`;
  });
  lines.push(`${name}_sum${labelText(labels)} ${numberText(sum)}`);
  lines.push(`${name}_count${labelText(labels)} ${count}`);
  return lines;
}

/** A bucket has room for one exemplar: the newest says most about now. */
function newestByBucket(
  bounds: readonly number[],
  exemplars: readonly Exemplar[],
): Map<number, Exemplar> {
  const newest = new Map<number, Exemplar>();
  for (const exemplar of exemplars) {
    const found = bounds.findIndex((bound) => exemplar.value <= bound);
    const bucket = found < 0 ? bounds.length : found;
    if ((newest.get(bucket)?.atMs ?? -Infinity) < exemplar.atMs) newest.set(bucket, exemplar);
  }
  return newest;
}

const exemplarText = ({ value, atMs, traceId, spanId }: Exemplar): string =>
  ` # ${labelText({ trace_id: traceId, span_id: spanId })} ${numberText(value)} ${atMs / 1000}`;

/** OpenMetrics wants `le` to be a float also when it is whole. */
const boundText = (bound: number, isOpen: boolean): string =>
  isOpen && Number.isInteger(bound) ? `${bound}.0` : String(bound);

function numberText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (Number.isFinite(value)) return String(value);
  return value > 0 ? "+Inf" : "-Inf";
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

const escapeLabel = (text: string): string =>
  text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');

const escapeHelp = (text: string, isOpen: boolean): string =>
  isOpen ? escapeLabel(text) : text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
