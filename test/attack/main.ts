import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { Command, Option } from "commander";
import { ensurePrograms, searchDirectories } from "../../infra/local/prerequisites.ts";
import type { WallName } from "./attempt.ts";
import { ATTEMPTS, GROUNDS } from "./grounds.ts";
import { RIGHTS } from "./nats/profiles.ts";
import { listOf, reportOf } from "./report.ts";
import { attack, controlsOf } from "./run.ts";
import { type Controls, type Tried, isWell, judge, sumsOf } from "./verdict.ts";
import { WALL_NAMES } from "./walls.ts";

interface Flags {
  readonly list?: true;
  readonly only?: string;
  readonly sabotage?: WallName;
  readonly natsServer: string;
  readonly json?: string;
}

const say = (line: string): void => void process.stderr.write(`attack: ${line}\n`);

const program = new Command("npm run attack --")
  .description(
    "Starts installations of its own and attacks them as everybody who has some way in: without credentials, as a device, with " +
      "the password of each NATS user, as a region that was taken over, as a web page. The state of everything else is " +
      "compared before and after each attempt. Each is also made where its wall is taken out: one that does no harm there " +
      "is not counted. Status 1 unless none of at least 150 got through.",
  )
  .option("--list", "list the attempts, walls and rights, and try nothing")
  .option("--only <pattern>", "attempts whose name matches a regular expression")
  .addOption(
    new Option("--sabotage <wall>", "take one wall out; the run must fail").choices(WALL_NAMES),
  )
  .option("--nats-server <path>", "the program to attack", "nats-server")
  .option("--json <file>", "write every attempt there");

program.parse();
const flags = program.opts<Flags>();
const pattern = flags.only === undefined ? null : new RegExp(flags.only);
const isWanted = ({ id, wall }: { id: string; wall: WallName }): boolean =>
  (pattern === null || pattern.test(id)) &&
  (flags.sabotage === undefined || wall === flags.sabotage);

if (flags.list) process.stdout.write(`${listOf(ATTEMPTS.filter(isWanted), RIGHTS)}\n`);
else await run();

async function run(): Promise<void> {
  const root = process.getuid?.() === 0;
  ensurePrograms({ directories: searchDirectories(process.env.PATH ?? ""), root, say });
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => stop.abort());
  const { natsServer, sabotage } = flags;
  const server = versionOf(natsServer);
  const options = { natsServer, say, signal: stop.signal };
  const tried: Tried[] = [];
  const works = new Set<string>();
  for (const ground of GROUNDS) {
    const attempts = ground.attempts.filter(isWanted);
    if (attempts.length === 0 || stop.signal.aborted) continue;
    const without = new Set(sabotage === undefined ? [] : [sabotage]);
    const attacking = attack(ground, attempts, { ...options, without });
    if (ground.measuresTime) await attacking;
    const [found, controls]: [Tried[], Controls] = await Promise.all([
      attacking,
      controlsOf(ground, attempts, { ...options, without: new Set(WALL_NAMES) }),
    ]);
    tried.push(...found);
    for (const control of controls) works.add(control);
  }
  const judged = judge(tried, works, server);
  const isWhole = pattern === null && sabotage === undefined;
  process.stdout.write(`\n${reportOf(judged, { server, isWhole })}\n`);
  if (flags.json) writeFileSync(flags.json, `${JSON.stringify({ server, judged }, null, 2)}\n`);
  process.exitCode = !stop.signal.aborted && isWell(sumsOf(judged), isWhole) ? 0 : 1;
}

function versionOf(natsServer: string): string {
  const said = execFileSync(natsServer, ["--version"], { encoding: "utf8" });
  const [version] = /\d+\.\d+\.\d+\S*/.exec(said) ?? [];
  if (version === undefined) throw new Error(`${natsServer} says no version: ${said}`);
  return version;
}
