// What Prometheus and Grafana need in order to watch a local installation, written beside its data; pure.
import { join } from "node:path";
import { DASHBOARDS_DIRECTORY, RULES_FILE } from "../grafana/files.ts";
import { type InfluxReader, dashboardsYaml, dataSourcesYaml } from "../grafana/grafana-files.ts";
import { prometheusYaml } from "../grafana/prometheus-files.ts";

/** Prometheus listens there if it is not told otherwise. */
const PROMETHEUS_URL = "http://127.0.0.1:9090";
const SCRAPED_EVERY_SECONDS = 5;
const HEAD = "Written by `npm start` for this installation, anew each time.";

export interface Observed {
  /** The project's directory, absolute. */
  readonly project: string;
  readonly dataDir: string;
  readonly influx: InfluxReader;
  /** `/status` of each process, by its name. */
  readonly status: Readonly<Record<string, string>>;
}

/** `observe/prometheus.yaml`, and `observe/grafana`, a provisioning directory. */
export function observerFiles({
  project,
  dataDir,
  influx,
  status,
}: Observed): { path: string; text: string }[] {
  const directory = join(dataDir, "observe");
  const targets = Object.fromEntries(
    Object.entries(status).map(([name, url]) => [name, new URL(url).host]),
  );
  const rules = join(project, RULES_FILE);
  const scraping = { targets, rules, everySeconds: SCRAPED_EVERY_SECONDS };
  const urls = { influxdb: influx, prometheus: PROMETHEUS_URL };
  return [
    { path: join(directory, "prometheus.yaml"), text: prometheusYaml(scraping, HEAD) },
    {
      path: join(directory, "grafana/datasources/skerry.yaml"),
      text: dataSourcesYaml(urls, HEAD),
    },
    {
      path: join(directory, "grafana/dashboards/skerry.yaml"),
      text: dashboardsYaml(join(project, DASHBOARDS_DIRECTORY), HEAD),
    },
  ];
}
