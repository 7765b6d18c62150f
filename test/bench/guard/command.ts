// The last release and the present tree on one machine, in turn: the check before a release.
import { execFileSync } from "node:child_process";
import { readFileSync, realpathSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { ensureBenchPrograms } from "../prerequisites.ts";
import { type Compared, type Pair, compare, untold } from "./compare.ts";
import { PARTS, type Part, figuresOf, specsOf } from "./figures.ts";

const PROJECT = join(import.meta.dirname, "../../..");
const WORSE_MAX = 0.1;
const ROUNDS = 5;
const SECONDS = 4;

interface Flags {
  readonly baseline?: string;
  readonly rounds: number;
  readonly seconds: number;
  readonly only?: Part;
}

const git = (...args: string[]): string =>
  execFileSync("git", args, { cwd: PROJECT, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

function lastRelease(): string {
  const [newest = ""] = git("tag", "--list", "v*", "--sort=-v:refname").split("\n");
  if (newest === "")
    throw new Error(
      "there is no release yet (no tag v…): say what to compare with, --baseline COMMIT",
    );
  return newest;
}

const percent = (share: number): string =>
  `${Math.abs(share * 100).toFixed(1)} % ${share > 0 ? "worse" : "better"}`;

const WORDS = { met: "met   ", missed: "MISSED", unsure: "UNSURE" } as const;

const line = ({ name, before, now, worse, least, most, pairs, verdict }: Compared): string => {
  const shown = (value: number): string =>
    value >= 1_000 ? Math.round(value).toLocaleString("en") : value.toFixed(2);
  const range = pairs === 1 ? "one pair" : `${pairs} pairs, ${percent(least)} to ${percent(most)}`;
  const advice = verdict === "unsure" ? ": the pairs disagree, take more --rounds" : "";
  return `${WORDS[verdict]} ${name}: ${shown(before)} before, ${shown(now)} now, ${percent(worse)} (${range})${advice}`;
};

const atLeastOne = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError("must be a whole number from 1 on");
  return value;
};

/** The packages of a version: ours where its lock file is the same. */
function installPackages(tree: string): void {
  const lockOf = (of: string): string => readFileSync(join(of, "package-lock.json"), "utf8");
  if (lockOf(tree) === lockOf(PROJECT))
    symlinkSync(realpathSync(join(PROJECT, "node_modules")), join(tree, "node_modules"));
  else execFileSync("npm", ["ci"], { cwd: tree, stdio: "ignore" });
}

export const guardCommand = new Command("guard")
  .description(
    "The present tree beside the last release, in turn; fails if it is more than a tenth worse.",
  )
  .option("--baseline <commit>", "compare with this instead of the newest tag v…")
  .option("--rounds <n>", "pairs of runs", atLeastOne, ROUNDS)
  .option("--seconds <n>", "length of each measurement of ingest", atLeastOne, SECONDS)
  .addOption(new Option("--only <part>", "one part").choices(PARTS))
  .action(async ({ baseline, rounds, seconds, only }: Flags) => {
    const say = (text: string): void => void process.stderr.write(`${text}\n`);
    ensureBenchPrograms(say);
    const commit = git("rev-parse", "--verify", `${baseline ?? lastRelease()}^{commit}`).trim();
    const parts = only === undefined ? PARTS : [only];
    const specs = specsOf(parts);
    await using directory = await temporaryDirectory();
    const tree = join(directory.path, "baseline");
    // What a run that was killed left behind is none any more.
    git("worktree", "prune");
    git("worktree", "add", "--detach", tree, commit);
    try {
      say(`packages of ${commit}`);
      installPackages(tree);
      const measure = (of: string) => figuresOf(of, directory.path, parts, seconds);
      const pairs: Pair[] = [];
      for (let round = 1; round <= rounds; round++) {
        // Whoever comes first finds the machine as the other one left it.
        const isFirst = round % 2 === 1;
        const first = measure(isFirst ? tree : PROJECT);
        const second = measure(isFirst ? PROJECT : tree);
        const pair = isFirst ? { before: first, now: second } : { before: second, now: first };
        pairs.push(pair);
        say(
          `pair ${round} of ${rounds}: before ${JSON.stringify(pair.before)}, now ${JSON.stringify(pair.now)}`,
        );
      }
      const compared = compare(specs, pairs, WORSE_MAX);
      for (const one of compared) process.stdout.write(`${line(one)}\n`);
      const missing = untold(specs, pairs);
      for (const name of missing) process.stdout.write(`NOT TOLD by the present tree: ${name}\n`);
      if (compared.length === 0) process.stdout.write("NOTHING could be compared\n");
      const isMet = compared.length > 0 && compared.every(({ verdict }) => verdict === "met");
      if (!isMet || missing.length > 0) process.exitCode = 1;
    } finally {
      git("worktree", "remove", "--force", tree);
    }
  });
