// The last release and the present tree on one machine, in turn: the check before a release.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { ensureBenchPrograms } from "../prerequisites.ts";
import { type Compared, type FigureSpec, type Figures, compare } from "./compare.ts";

const PROJECT = join(import.meta.dirname, "../../..");
const WORSE_MAX = 0.1;
const ROUNDS = 5;

const SPECS: readonly FigureSpec[] = [
  { name: "ingest, readings/s", isLessBetter: false },
  { name: "acknowledgement p50 at 10,000/s, ms", isLessBetter: true },
  { name: "drain into InfluxDB, readings/s", isLessBetter: false },
];

interface IngestReport {
  readonly medians: Readonly<Record<string, { readonly gateway?: number }>>;
  readonly ackMs: { readonly p50: number } | null;
}

interface DrainReport {
  readonly drains: readonly { readonly store?: string; readonly readingsPerSecond: number }[];
}

/** One run in a tree, by the flags that every version knows. */
function figuresOf(tree: string, directory: string): Figures {
  const report = <T>(...args: string[]): T => {
    const path = join(directory, "report.json");
    const command = ["run", "-s", "bench", "--", ...args, "--json", path];
    const { status, stderr } = spawnSync("npm", command, { cwd: tree, encoding: "utf8" });
    if (status !== 0) throw new Error(`${tree}: npm ${command.join(" ")} failed\n${stderr}`);
    return JSON.parse(readFileSync(path, "utf8")) as T;
  };
  const load = ["--connections", "100", "--rounds", "1", "--seconds", "4"];
  const ingest = report<IngestReport>("ingest", "--targets", "gateway", ...load);
  const { drains } = report<DrainReport>("drain", "--quick", "--only", "drain");
  const drain = drains.find(({ store = "influxdb" }) => store === "influxdb");
  const values: (number | undefined)[] = [
    ingest.medians["100"]?.gateway,
    ingest.ackMs?.p50,
    drain?.readingsPerSecond,
  ];
  return Object.fromEntries(
    SPECS.flatMap(({ name }, at) => (values[at] === undefined ? [] : [[name, values[at]]])),
  );
}

function lastRelease(): string {
  const tags = execFileSync("git", ["tag", "--list", "v*", "--sort=-v:refname"], {
    cwd: PROJECT,
    encoding: "utf8",
  });
  const [newest = ""] = tags.split("\n");
  if (newest === "")
    throw new Error(
      "there is no release yet (no tag v…): say what to compare with, --baseline COMMIT",
    );
  return newest;
}

const line = ({ name, before, now, worse, pairs }: Compared): string => {
  const shown = (value: number): string =>
    value >= 1_000 ? Math.round(value).toLocaleString("en") : value.toFixed(2);
  const by = `${Math.abs(worse * 100).toFixed(1)} % ${worse > 0 ? "worse" : "better"}`;
  return `${worse <= WORSE_MAX ? "met   " : "MISSED"} ${name}: ${shown(before)} before, ${shown(now)} now, ${by} (median of ${pairs} pairs)`;
};

const rounds = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError("must be from 1 on");
  return value;
};

export const guardCommand = new Command("guard")
  .description(
    "The present tree beside the last release, in turn; fails if it is more than a tenth worse.",
  )
  .option("--baseline <commit>", "compare with this instead of the newest tag v…")
  .option("--rounds <n>", "pairs of runs", rounds, ROUNDS)
  .action(async ({ baseline, rounds: count }: { baseline?: string; rounds: number }) => {
    const say = (text: string): void => void process.stderr.write(`${text}\n`);
    ensureBenchPrograms(say);
    const commit = baseline ?? lastRelease();
    await using directory = await temporaryDirectory();
    const tree = join(directory.path, "baseline");
    const git = (...args: string[]): void =>
      void execFileSync("git", args, { cwd: PROJECT, stdio: "ignore" });
    git("worktree", "add", "--detach", tree, commit);
    try {
      say(`installing ${commit}`);
      if (!existsSync(join(tree, "node_modules")))
        execFileSync("npm", ["ci"], { cwd: tree, stdio: "ignore" });
      const pairs: { before: Figures; now: Figures }[] = [];
      for (let round = 1; round <= count; round++) {
        // Whoever comes first finds the machine as the other one left it.
        const isFirst = round % 2 === 1;
        const first = figuresOf(isFirst ? tree : PROJECT, directory.path);
        const second = figuresOf(isFirst ? PROJECT : tree, directory.path);
        const pair = isFirst ? { before: first, now: second } : { before: second, now: first };
        pairs.push(pair);
        say(
          `pair ${round} of ${count}: before ${JSON.stringify(pair.before)}, now ${JSON.stringify(pair.now)}`,
        );
      }
      const compared = compare(SPECS, pairs);
      for (const one of compared) process.stdout.write(`${line(one)}\n`);
      if (compared.some(({ worse }) => worse > WORSE_MAX)) process.exitCode = 1;
    } finally {
      git("worktree", "remove", "--force", tree);
    }
  });
