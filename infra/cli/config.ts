import type { Command } from "commander";
import { refused } from "../../cloud/operations/refused.ts";
import { resolveConfig } from "../../platform/runtime/config.ts";
import { nearest } from "../../platform/runtime/config-file/nearest.ts";
import { explain } from "../../platform/runtime/config-file/explain.ts";
import { layered } from "../../platform/runtime/config-file/layers.ts";
import {
  CONFIG_OPTION,
  chosenFile,
  configFileOf,
  readConfigFile,
} from "../../platform/runtime/config-file/read.ts";
import { PROCESS_NAMES, type ProcessName, isProcessName } from "../processes/processes.ts";
import { environmentOf } from "./kit/credentials.ts";
import { type Say, example } from "./kit/options.ts";
import { remark, sayText } from "./kit/output.ts";

/** Read when it is needed: the tables of all processes would cost every other command. */
const tables = () => import("../processes/option-tables.ts");

/** `skerry config check|print|schema`: the configuration file of all processes. */
export function addConfigCommand(program: Command, say: Say): void {
  const commands = program
    .command("config")
    .description("The configuration file: what is wrong with it, and what applies.");
  example(commands.command("check"), "config check", "config check /etc/skerry/skerry.yaml")
    .description(
      "Check a configuration file; exit status 1 if anything in it is wrong, with line, key and what would be right.",
    )
    .argument("[file]", "the file, if it is not the one that processes here would read")
    .action(async (file?: string) => check(file, say));
  example(
    commands.command("print"),
    "config print",
    "config print gateway --config skerry.yaml",
    "config print gateway -- --mqtt-port 1884",
  )
    .description("Print what applies to a process or all, and where it comes from; secrets masked.")
    .argument("[process]", `one of ${PROCESS_NAMES.join(", ")}`)
    .argument("[arguments...]", "what the process would be given on its command line, behind --")
    .option("--config <file>", "the file, if it is not the one that a process here would read")
    .action(async (name: string | undefined, args: string[], flags: { config?: string }) =>
      print(name, args, flags.config, say),
    );
  example(commands.command("schema"), "config schema > skerry.schema.json")
    .description(
      "Print the JSON Schema of a configuration file, which editors complete and check with.",
    )
    .action(async () => {
      const { schemaText } = await import("../config/files.ts");
      sayText(say, schemaText());
    });
}

async function check(named: string | undefined, say: Say): Promise<void> {
  const env = environmentOf();
  const path = chosenFile(named ?? env[CONFIG_OPTION.config.env]);
  if (path === null)
    throw refused("there is no skerry.yaml here, nor /etc/skerry/skerry.yaml; name a file");
  const { checkConfig } = await import("../config/check.ts");
  const file = readConfigFile(path);
  const { problems, warnings, processes } = checkConfig(file, env);
  for (const problem of problems) say(problem);
  for (const warning of warnings) remark(`skerry: warning: ${warning}`);
  if (problems.length > 0)
    throw refused(`${path}: ${problems.length} problem${problems.length === 1 ? "" : "s"}`);
  const of = processes.length === 0 ? "no process of its own" : processes.join(", ");
  say(`${path} is right: ${file.entries.length} values, sections for ${of}`);
}

async function print(
  name: string | undefined,
  args: readonly string[],
  config: string | undefined,
  say: Say,
): Promise<void> {
  if (name !== undefined && !isProcessName(name)) {
    const near = nearest(name, PROCESS_NAMES);
    throw refused(
      `there is no process ${name}; ${near === null ? `they are ${PROCESS_NAMES.join(", ")}` : `the nearest is ${near}`}`,
    );
  }
  const env = environmentOf();
  const { optionTables } = await tables();
  const all = optionTables(env);
  const argv = [...(config === undefined ? [] : ["--config", config]), ...args];
  const names: readonly ProcessName[] = name === undefined ? PROCESS_NAMES : [name];
  const file = configFileOf(all[names[0]!], { env, argv });
  for (const process of names) {
    const table = all[process];
    const given = layered({ process, table }, env, file);
    const rows = explain(table, given, argv);
    const width = Math.max(...rows.map(({ key }) => key.length));
    say(file === null ? `${process}, without a file:` : `${process}, of ${file.path}:`);
    for (const { key, value, from } of rows)
      say(`  ${key.padEnd(width)}  ${value === null || value === "" ? "-" : value}  (${from})`);
    for (const { text } of resolveConfig(table, { ...given, argv }).problems)
      remark(`skerry: ${process} would not start: ${text}`);
  }
}
