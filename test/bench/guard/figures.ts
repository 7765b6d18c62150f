// What one version does on this machine now, by the flags that every version knows.
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { FigureSpec, Figures } from "./compare.ts";

export const PARTS = ["ingest", "drain"] as const;
export type Part = (typeof PARTS)[number];

interface IngestReport {
  readonly medians: Readonly<Record<string, { readonly gateway?: number }>>;
  readonly ackMs: { readonly p50: number } | null;
}

interface DrainReport {
  readonly drains: readonly { readonly store?: string; readonly readingsPerSecond: number }[];
}

interface Figure<Report> extends FigureSpec {
  readonly of: (report: Report) => number | undefined;
}

const INGEST: readonly Figure<IngestReport>[] = [
  {
    name: "ingest, readings/s",
    isLessBetter: false,
    of: ({ medians }) => medians["100"]?.gateway,
  },
  {
    name: "acknowledgement p50 at 10,000/s, ms",
    isLessBetter: true,
    of: ({ ackMs }) => ackMs?.p50,
  },
];

/** Of the first drain into a store. */
const rateInto =
  (wanted: string) =>
  ({ drains }: DrainReport): number | undefined =>
    drains.find(({ store = "influxdb" }) => store === wanted)?.readingsPerSecond;

const DRAIN: readonly Figure<DrainReport>[] = [
  { name: "drain into InfluxDB, readings/s", isLessBetter: false, of: rateInto("influxdb") },
  {
    name: "drain into a store that answers at once, readings/s",
    isLessBetter: false,
    of: rateInto("instant"),
  },
];

const FIGURES = { ingest: INGEST, drain: DRAIN } as const;

export const specsOf = (parts: readonly Part[]): FigureSpec[] =>
  parts.flatMap((part) => FIGURES[part].map(({ name, isLessBetter }) => ({ name, isLessBetter })));

/** @param seconds of each measurement of ingest. @throws Error if a benchmark of the tree fails. */
export function figuresOf(
  tree: string,
  directory: string,
  parts: readonly Part[],
  seconds: number,
): Figures {
  const reportOf = <T>(...args: string[]): T => {
    const path = join(directory, "report.json");
    // One that a run before has left would be taken for this one's.
    rmSync(path, { force: true });
    const command = ["run", "-s", "bench", "--", ...args, "--json", path];
    const { status, stderr } = spawnSync("npm", command, { cwd: tree, encoding: "utf8" });
    if (status !== 0) throw new Error(`${tree}: npm ${command.join(" ")} failed\n${stderr}`);
    return JSON.parse(readFileSync(path, "utf8")) as T;
  };
  const load = ["--connections", "100", "--rounds", "1", "--seconds", String(seconds)];
  const told: [string, number | undefined][] = [];
  if (parts.includes("ingest")) {
    const report = reportOf<IngestReport>("ingest", "--targets", "gateway", ...load);
    for (const { name, of } of INGEST) told.push([name, of(report)]);
  }
  if (parts.includes("drain")) {
    const report = reportOf<DrainReport>("drain", "--quick", "--only", "drain");
    for (const { name, of } of DRAIN) told.push([name, of(report)]);
  }
  return Object.fromEntries(told.filter((one): one is [string, number] => one[1] !== undefined));
}
