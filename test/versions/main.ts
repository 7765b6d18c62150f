// `npm run versions -- --nats-server PROGRAM ...`: the integration tests that lean on a server, with other versions of it.
// They are no part of `npm test`: newer servers are not Debian's, and have to be built first (docs/reference/nats.md).
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, symlink } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { Command } from "commander";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { SUITE } from "./suite.ts";

const PROJECT = join(import.meta.dirname, "../..");
const many = (value: string, before: readonly string[] = []): string[] => [...before, value];

interface Flags {
  readonly natsServer?: readonly string[];
  readonly influxd?: readonly string[];
}

const program = new Command("npm run versions --")
  .description(
    "Runs the integration tests that lean on nats-server and InfluxDB once with each of the named programs, and prints a " +
      "table of versions and files. Status 1 if a test fails.",
  )
  .option("--nats-server <program>", "a nats-server; may be repeated", many)
  .option("--influxd <program>", "an influxd 1.x; may be repeated", many)
  .argument(
    "[files...]",
    "files below test/integration instead of the usual ones, without .test.ts",
  )
  .parse();
const { natsServer, influxd } = program.opts<Flags>();
const files = program.args.length > 0 ? program.args : SUITE;

/** One run: the programs that are put in front of the PATH, and their versions in words. */
interface Run {
  readonly name: string;
  readonly programs: Readonly<Record<string, string>>;
}

const versionOf = (path: string, args: readonly string[]): string => {
  const said = execFileSync(path, args, { encoding: "utf8" });
  return /\d+\.\d+\.\d+\S*/.exec(said)?.[0] ?? said.trim();
};

const runs: Run[] = (natsServer ?? ["nats-server"]).flatMap((nats) =>
  (influxd ?? ["influxd"]).map((influx) => ({
    name: `nats-server ${versionOf(nats, ["--version"])}, influxd ${versionOf(influx, ["version"])}`,
    programs: {
      ...(nats === "nats-server" ? {} : { "nats-server": resolve(nats) }),
      ...(influx === "influxd" ? {} : { influxd: resolve(influx) }),
    },
  })),
);

/** What vitest's JSON reporter says of a file. */
interface FileResult {
  readonly name: string;
  readonly status: "passed" | "failed";
  readonly message: string;
  readonly assertionResults: readonly {
    readonly fullName: string;
    readonly status: string;
    readonly failureMessages: readonly string[];
  }[];
}

async function results({ programs }: Run): Promise<readonly FileResult[]> {
  await using directory = await temporaryDirectory();
  for (const [name, path] of Object.entries(programs))
    await symlink(path, join(directory.path, name));
  const output = join(directory.path, "results.json");
  const vitest = spawn(
    process.execPath,
    [
      join(PROJECT, "node_modules/vitest/vitest.mjs"),
      ...["run", "--project", "integration", "--reporter=json", `--outputFile=${output}`],
      ...files.map((file) => `test/integration/${file}.test.ts`),
    ],
    {
      ...{ cwd: PROJECT, stdio: ["ignore", "ignore", "ignore"] },
      env: { ...process.env, PATH: `${directory.path}:${process.env["PATH"] ?? ""}` },
    },
  );
  await once(vitest, "exit");
  const { testResults } = JSON.parse(await readFile(output, "utf8")) as {
    testResults: readonly FileResult[];
  };
  return testResults;
}

let failed = 0;
for (const run of runs) {
  process.stderr.write(`versions: ${run.name}: ${files.length} files\n`);
  const found = await results(run);
  const tests = found.flatMap(({ assertionResults }) => assertionResults);
  const passed = tests.filter(({ status }) => status === "passed").length;
  console.log(`${run.name}: ${passed} of ${tests.length} tests in ${found.length} files`);
  for (const { name, status, message, assertionResults } of found) {
    if (status === "passed") continue;
    failed++;
    console.log(`  ${relative(PROJECT, name)}: ${message.split("\n", 1)[0] ?? ""}`);
    for (const one of assertionResults)
      if (one.status === "failed")
        console.log(`    ${one.fullName}: ${one.failureMessages[0]?.split("\n", 1)[0] ?? ""}`);
  }
  if (found.length < files.length) {
    failed++;
    console.log(`  ${files.length - found.length} files were not run: no such files`);
  }
}
process.exitCode = failed === 0 ? 0 : 1;
