// The metrics of every process, from where they are declared.
import { notifierMetricSpecs } from "../../cloud/notifier/metrics.ts";
import { alertingMetricSpecs } from "../../gateway/alerting/metrics.ts";
import { gatewayMetricSpecs } from "../../gateway/metrics.ts";
import { type MetricSpec, makeMetrics } from "../../otel/metrics.ts";
import { GENERATED, code, page, table } from "./markdown.ts";

/** The specs are only looked at: nobody asks for a value. */
const unread = (): never => {
  throw new Error("a page asks no process for its status");
};

type Counters = Parameters<typeof gatewayMetricSpecs>[1];

const PROCESSES: readonly (readonly [name: string, specs: readonly MetricSpec[]])[] = [
  ["Gateway", gatewayMetricSpecs(unread, {} as Counters)],
  ["Alerting engine", alertingMetricSpecs(unread)],
  ["Notifier", notifierMetricSpecs(unread)],
];

/** The name that Prometheus sees, as the exporter makes it. */
async function exposedName(spec: MetricSpec): Promise<string> {
  const read = () => (spec.label === undefined ? 1 : { any: 1 });
  const text = await makeMetrics({ name: "docs", region: "eu" }, [{ ...spec, read }])();
  const name = new RegExp(`^# TYPE (?!target_info)(\\S+) ${spec.kind}$`, "m").exec(text)?.[1];
  if (name === undefined) throw new Error(`no metric for ${spec.name}`);
  return name;
}

const rows = (specs: readonly MetricSpec[]): Promise<string[][]> =>
  Promise.all(
    specs.map(async (spec) => [
      code(await exposedName(spec)),
      spec.kind,
      ["region", ...(spec.label === undefined ? [] : [spec.label])].map(code).join(", "),
      spec.doc,
    ]),
  );

export async function metricsPage(): Promise<string> {
  const sections: string[] = [];
  for (const [name, specs] of PROCESSES)
    sections.push(`## ${name}`, table(["metric", "kind", "labels", "meaning"], await rows(specs)));
  return page(
    GENERATED,
    "# Metrics",
    "Each of these processes answers `GET /metrics` on its status port in the Prometheus text format. " +
      "Counters start at 0 with the process. At a notifier, label `region` is the place that it runs in.",
    ...sections,
    "## Processes without metrics",
    "Aggregator, steward and simulator have no `/metrics` yet (404). Their figures are in the JSON of " +
      "`GET /status`: see [the operating guide](../guides/operating.md#what-to-watch).",
  );
}
