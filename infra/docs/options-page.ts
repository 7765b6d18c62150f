// Every option of every process, from the table that parses it.
import { type OptionTable, type Setting, settingsOf } from "../../platform/runtime/config.ts";
import { launcherProgram } from "../local/options.ts";
import { optionTables } from "../processes/option-tables.ts";
import { PROCESSES, PROCESS_NAMES } from "../processes/processes.ts";
import { commandText, relative } from "./cli-page.ts";
import { GENERATED, code, page, table } from "./markdown.ts";

/** Everything that sets the options of a process: a flag, a variable, the file of a secret. */
const settings = (table: OptionTable): Setting[] =>
  Object.entries(table).flatMap(([name, option]) => settingsOf(name, option));

const OPTION_TABLES = optionTables({});
const TABLES = PROCESS_NAMES.map((name) => OPTION_TABLES[name]);

/** Environment variables that some process reads. */
export const ENVIRONMENT: readonly string[] = [
  ...new Set(TABLES.flatMap((table) => settings(table).map(({ env }) => env))),
];

/** Their flags, without the hyphens. */
export const FLAGS: readonly string[] = TABLES.flatMap((options) =>
  settings(options).flatMap(({ flag }) => flag ?? []),
);

const optionRows = (options: OptionTable): string[][] =>
  settings(options).map(({ env, flag, doc, fallback }) => [
    code(env),
    flag === null ? "" : code(`--${flag}`),
    fallback === undefined ? "required" : fallback === "" ? "unset" : code(relative(fallback)),
    doc,
  ]);

export const optionsPage = (): string =>
  page(
    GENERATED,
    "# Options of every process",
    "A process takes each option from its flag, else from its environment variable, else from the file that the variable with `_FILE` names if it is a secret, " +
      "else from its [configuration file](../guides/configuration.md), where the option is called as its flag is, else its default. " +
      "An empty value counts as unset. All problems are reported together, and the process exits with 1. " +
      "`skerry gateway --help` prints the same table. " +
      "Every secret may be in a file instead, which the variable with `_FILE` at its end names: one line, whose newline does not belong to it. " +
      "A password may stand in its URL, or beside it; giving a secret twice in one place is an error. " +
      "A secret in an argument works, but everybody on the machine can read it there, so that the process warns of it. " +
      "Durations are written `250ms`, `30s`, `10m`, `2h` or `7d`.",
    ...PROCESS_NAMES.flatMap((name) => {
      const { title, main, does } = PROCESSES[name];
      return [
        `## ${title}`,
        `\`skerry ${name}\`, [${main}](../../${main}): ${does}`,
        table(["variable", "flag", "default", "meaning"], optionRows(OPTION_TABLES[name])),
      ];
    }),
    "## Launcher",
    "[infra/local/main.ts](../../infra/local/main.ts): `skerry up --port-base 15000`, or `npm start -- --port-base 15000`, and so on.",
    commandText(launcherProgram()),
  );
