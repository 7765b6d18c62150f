// A real Prometheus that scrapes processes under test, and its checker.
import { spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ensureInstalled, searchDirectories } from "../../infra/local/prerequisites.ts";
import { freePort } from "./free-port.ts";
import { ServerProcess } from "./server-process.ts";

/** Debian packages by program; see servers-installed.ts. */
export const PROMETHEUS = { prometheus: "prometheus", promtool: "prometheus" } as const;
export const PROMETHEUS_MANUAL = "Only the tests need it: sudo apt-get install -y prometheus";

const programs = () =>
  ensureInstalled(PROMETHEUS, PROMETHEUS_MANUAL, {
    directories: searchDirectories(process.env["PATH"] ?? ""),
    root: false,
    say: () => undefined,
  });

/** The complaints of `promtool check metrics` about a text; empty if it has none. */
export function complaintsOf(text: string): string {
  const { promtool } = programs();
  const { stdout, stderr, status } = spawnSync(promtool, ["check", "metrics"], {
    input: text,
    encoding: "utf8",
  });
  return status === 0 ? "" : `${stdout}${stderr}`;
}

/** The complaints of `promtool check rules` about a file; empty if it has none. */
export function checkRules(path: string): string {
  const { promtool } = programs();
  const { stdout, stderr, status } = spawnSync(promtool, ["check", "rules", path], {
    encoding: "utf8",
  });
  return status === 0 ? "" : `${stdout}${stderr}`;
}

export interface Prometheus {
  readonly process: ServerProcess;
  /** `data` of an answer of its HTTP API. */
  ask<T>(path: string, query?: Readonly<Record<string, string>>): Promise<T>;
  /** The series of an instant query: labels and value. */
  query(expression: string): Promise<{ metric: Record<string, string>; value: number }[]>;
}

/** Scrapes `host:port` of each job every second, and keeps exemplars. */
export async function startPrometheus(
  directory: string,
  jobs: Readonly<Record<string, string>>,
): Promise<Prometheus> {
  const config = join(directory, "prometheus.yml");
  const jobLines = Object.entries(jobs).map(
    ([name, target]) => `  - job_name: ${name}\n    static_configs: [{ targets: ["${target}"] }]\n`,
  );
  await writeFile(
    config,
    `global: { scrape_interval: 1s, scrape_timeout: 1s }\nscrape_configs:\n${jobLines.join("")}`,
  );
  return startPrometheusFrom(config, directory);
}

/** The same with a configuration of one's own. */
export async function startPrometheusFrom(config: string, directory: string): Promise<Prometheus> {
  const port = await freePort();
  const base = `http://127.0.0.1:${port}`;
  const server = new ServerProcess({
    name: "prometheus",
    program: programs().prometheus,
    args: [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(directory, "prometheus")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--enable-feature=exemplar-storage",
    ],
    env: {},
    ready: async () => (await fetch(`${base}/-/ready`)).ok,
  });
  await server.start();
  const ask = async <T>(path: string, query: Readonly<Record<string, string>> = {}): Promise<T> => {
    const response = await fetch(`${base}/api/v1/${path}?${new URLSearchParams(query).toString()}`);
    const { data } = (await response.json()) as { data: T };
    return data;
  };
  return {
    process: server,
    ask,
    query: async (expression) => {
      const { result } = await ask<{
        result: { metric: Record<string, string>; value: [number, string] }[];
      }>("query", { query: expression });
      return result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
    },
  };
}
