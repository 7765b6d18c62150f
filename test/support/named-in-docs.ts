// What a page names, held against what there is: paths, links, scripts, commands, options, variables,
// metrics, measurements, constants and private members. Every finding is one line.
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import type { Command } from "commander";
import {
  ROLLUP_COUNT,
  ROLLUP_FIELD_COUNT,
  ROLLUP_QUANTILES,
  ROLLUP_REVISION,
  ROLLUP_SKETCH,
  ROLLUP_STATISTICS,
} from "../../contracts/names/measurements.ts";
import { makeProgram } from "../../infra/cli/program.ts";
import { MEASUREMENTS, measurementsOf } from "../../infra/docs/influx-page.ts";
import { ENVIRONMENT, FLAGS } from "../../infra/docs/options-page.ts";
import { launcherProgram } from "../../infra/local/options.ts";
import { optionTables } from "../../infra/processes/option-tables.ts";
import { UP, isProcessName } from "../../infra/processes/processes.ts";
import { settingsOf } from "../../platform/runtime/config.ts";
import { hubConfig, regionConfig } from "../../platform/nats/topology/server-config.ts";

export const ROOT = join(import.meta.dirname, "../..");

const AREAS = "contracts|platform|gateway|cloud|device-sim|otel|infra|test|docs";
const SOURCES = globSync(`{${AREAS.replaceAll("|", ",")}}/**/*.{ts,sh,conf,yaml,yml,json}`, {
  cwd: ROOT,
}).filter((path) => path !== "test/docs.test.ts");
const sourceText = SOURCES.map((path) => readFileSync(join(ROOT, path), "utf8")).join("\n");
const fileNames = new Set(SOURCES.map((path) => path.split("/").at(-1)!));
const scripts = Object.keys(
  (JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { scripts: object }).scripts,
);
const processes = optionTables({});
const skerry = makeProgram(() => undefined);
const WHOLE = { tls: { verified: "all" }, cluster: 3, hubServers: 3 } as const;
const serverConfigs =
  hubConfig({ regions: ["eu"] }, WHOLE) + regionConfig({ regions: ["eu"] }, "eu", WHOLE);
const metrics = readFileSync(join(ROOT, "docs/reference/metrics.md"), "utf8");
/** Commands whose options are in a main.ts that cannot be asked without being run. */
const toolText = globSync("test/{prove,bench,attack}/**/*.ts", { cwd: ROOT })
  .map((path) => readFileSync(join(ROOT, path), "utf8"))
  .join("\n");

const everyOption = (command: Command): string[] => [
  ...command.options.flatMap(({ long }) => long ?? []),
  ...command.commands.flatMap(everyOption),
];
const options = new Set([
  "--help",
  ...everyOption(skerry),
  ...everyOption(launcherProgram()),
  ...FLAGS.map((flag) => `--${flag}`),
]);

/** Options of a command that becomes another program, which parses them itself. */
function ownOptions(command: string): string[] {
  if (command === UP.command) return everyOption(launcherProgram());
  if (!isProcessName(command)) return [];
  return Object.entries(processes[command])
    .flatMap(([name, option]) => settingsOf(name, option))
    .flatMap(({ flag }) => (flag === null ? [] : [`--${flag}`]));
}

/** What is wrong with a page. @param path from the project's root. */
export function problemsIn(path: string, text: string): string[] {
  const problems = [...linkProblems(path, text)];
  for (const code of codeIn(text)) problems.push(...codeProblems(code));
  return problems;
}

/** Inline code and the lines of code blocks; of TypeScript, which may invent names, the imports. */
function codeIn(text: string): string[] {
  const blocks = [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```/gm)].flatMap(
    ([, language, block = ""]) =>
      language === "ts" ? importedIn(block) : block.replaceAll("\\\n", " ").split("\n"),
  );
  const inline = [...withoutBlocks(text).matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code);
  return [...blocks, ...inline];
}

/** Files that examples invent. */
const INVENTED = new Set(["change.ts"]);

const importedIn = (block: string): string[] =>
  [...block.matchAll(/from "\.[^"]*?([\w-]+\.ts)"/g)]
    .map(([, file = ""]) => file)
    .filter((file) => !INVENTED.has(file));

const withoutBlocks = (text: string): string => text.replace(/^```[\s\S]*?^```/gm, "");

const LINK = /\[[^\]]*\]\(([^)\s]+)\)/g;

function* linkProblems(path: string, text: string): Generator<string> {
  for (const [, target = ""] of withoutBlocks(text)
    .replace(/`[^`]+`/g, "")
    .matchAll(LINK)) {
    if (/^[a-z]+:/.test(target)) continue;
    const [file = "", anchor] = target.split("#");
    const to = file === "" ? path : normalize(join(dirname(path), file));
    if (!existsSync(join(ROOT, to))) yield `link to ${to}, which does not exist`;
    else if (anchor !== undefined && !anchorsOf(to, path, text).has(anchor))
      yield `link to ${to}#${anchor}: there is no such heading`;
  }
}

/** As code hosts make them: lower case, hyphens for spaces, punctuation gone. */
function anchorsOf(to: string, path: string, text: string): ReadonlySet<string> {
  const content = to === path ? text : readFileSync(join(ROOT, to), "utf8");
  const headings = [...withoutBlocks(content).matchAll(/^#+ (.+)$/gm)];
  return new Set(
    headings.map(([, heading = ""]) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );
}

const CHECKS: readonly ((code: string) => Iterable<string>)[] = [
  pathProblems,
  invariantProblems,
  scriptProblems,
  commandProblems,
  flagProblems,
  variableProblems,
  metricProblems,
  measurementProblems,
  nameProblems,
];

function* codeProblems(code: string): Generator<string> {
  for (const check of CHECKS) yield* check(code);
}

const PATH = new RegExp(String.raw`(?<![\w./-])(?:${AREAS})/[\w./{}*-]*`, "g");

/** `{…}` and `*` stand for something: what is before them has to exist. */
function* pathProblems(code: string): Generator<string> {
  for (const [named] of code.matchAll(PATH)) {
    const found = named.replace(INVARIANT, "");
    const path = /[{*]/.test(found) ? dirname(found.slice(0, found.search(/[{*]/)) + "x") : found;
    if (!existsSync(join(ROOT, path.replace(/[./]+$/, "")))) yield `path ${found} does not exist`;
  }
}

/** `lane.ts/L3` */
const INVARIANT = /\/([A-Z]\d)$/;

function* invariantProblems(code: string): Generator<string> {
  const [, file, invariant] = /^([\w./-]+\.ts)\/([A-Z]\d)$/.exec(code) ?? [];
  if (file === undefined) return;
  const paths = SOURCES.filter((path) => path === file || path.endsWith(`/${file}`));
  const isDeclared = paths.some((path) =>
    readFileSync(join(ROOT, path), "utf8").includes(`\n// ${invariant}. `),
  );
  if (!isDeclared) yield `${code} is declared nowhere`;
}

function* scriptProblems(code: string): Generator<string> {
  for (const [, script = ""] of code.matchAll(/\bnpm run ([\w:-]+)/g))
    if (!scripts.includes(script)) yield `npm script ${script} does not exist`;
}

function* commandProblems(code: string): Generator<string> {
  for (const [, line = ""] of code.matchAll(/\bskerry ((?:[a-z][a-z-]*)(?: [^#|`]*)?)/g)) {
    let command = skerry;
    const words = line.split(/\s+/);
    while (command.commands.length > 0) {
      const word = words.shift();
      if (word === undefined || !/^[a-z]/.test(word)) break;
      const next = command.commands.find((one) => one.name() === word);
      if (!next) return void (yield `skerry ${line.trim()}: there is no "${word}"`);
      command = next;
    }
    const known = ["--help", ...everyOption(command), ...ownOptions(command.name())];
    // Behind -- are the arguments of another program.
    const own = words.includes("--") ? words.slice(0, words.indexOf("--")) : words;
    for (const [flag] of own.join(" ").matchAll(/(?<!\S)--[a-z][a-z0-9-]*/g))
      if (!known.includes(flag)) yield `skerry ${line.trim()}: there is no option ${flag}`;
  }
}

function* flagProblems(code: string): Generator<string> {
  if (
    /\b(?:skerry|vitest|mosquitto_\w+|curl|docker|podman|buildah|kubectl|helm|prettier|git|npm (?:ci|pkg)|systemctl|systemd-\w+)\b/.test(
      code,
    )
  )
    return;
  for (const [flag] of code.matchAll(/(?<!\S)--[a-z][a-z0-9-]*/g))
    if (!options.has(flag) && !toolText.includes(`"${flag}`) && !toolText.includes(`${flag} <`))
      yield `option ${flag} does not exist`;
}

/** Each domain has its own, whatever it is called. */
const PASSWORD_OF_DOMAIN = /^SKERRY_NATS_PASSWORD_[A-Z0-9_]+_FILE$/;

function* variableProblems(code: string): Generator<string> {
  for (const [name] of code.matchAll(/\b(?:SKERRY|OTEL)_[A-Z0-9_]*[A-Z0-9]\b/g))
    if (
      !ENVIRONMENT.includes(name) &&
      !PASSWORD_OF_DOMAIN.test(name) &&
      !sourceText.includes(`env["${name}"]`) &&
      !sourceText.includes(`env.${name}`)
    )
      yield `variable ${name} is read by nothing`;
  for (const [name] of code.matchAll(/\bNATS_[A-Z0-9_]*[A-Z0-9]\b/g))
    if (!serverConfigs.includes(name)) yield `variable ${name} is in no server configuration`;
}

function* metricProblems(code: string): Generator<string> {
  for (const [name] of code.matchAll(/\bskerry_[a-z0-9_]+/g))
    if (!metrics.includes(`\`${name}\``) && !MEASUREMENTS.includes(name))
      yield `${name} is no metric and no measurement`;
}

const STATISTICS = new Set<string>([
  ROLLUP_COUNT,
  ROLLUP_REVISION,
  ROLLUP_FIELD_COUNT,
  ROLLUP_SKETCH,
  ...ROLLUP_STATISTICS,
  ...ROLLUP_QUANTILES.map(({ name }) => name),
]);

function* measurementProblems(code: string): Generator<string> {
  for (const [name, contract = ""] of code.matchAll(
    /^(\{contract\}|[a-z][a-z0-9-]*)_\d+[a-z]+(?:_[a-z]+)?$/g,
  ))
    if (!measurementsOf(contract).includes(name)) yield `measurement ${name} does not exist`;
  for (const [, statistic = ""] of code.matchAll(/\{field\}_([a-z0-9]+)/g))
    if (!STATISTICS.has(statistic)) yield `rollups have no {field}_${statistic}`;
}

/** Constants, private members and files that are named by their last part. */
function* nameProblems(code: string): Generator<string> {
  const isName = /^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$/.test(code) || /^#[a-z]\w+$/.test(code);
  if (isName && !/^(?:SKERRY|NATS|OTEL|ERR)_/.test(code) && !sourceText.includes(code))
    yield `${code} is nowhere in the source`;
  const file = /^([a-z][a-z0-9-]*(?:\.test)?\.ts)(?:\/[A-Z]\d)?$/.exec(code)?.[1];
  if (file !== undefined && !fileNames.has(file)) yield `there is no file ${file}`;
}
