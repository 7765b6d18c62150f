// Every option of every process, from the table that parses it.
import { AGGREGATOR_OPTIONS } from "../../cloud/aggregator/options.ts";
import { CONSOLE_OPTIONS } from "../../cloud/console/options.ts";
import { notifierOptions } from "../../cloud/notifier/options.ts";
import { STEWARD_OPTIONS } from "../../cloud/steward/options.ts";
import { SIMULATOR_OPTIONS } from "../../device-sim/options.ts";
import { ALERTING_OPTIONS } from "../../gateway/alerting/options.ts";
import { GATEWAY_OPTIONS } from "../../gateway/options.ts";
import { type OptionTable, type Setting, settingsOf } from "../../platform/runtime/config.ts";
import { COMMON_OPTIONS } from "../../platform/runtime/process-main.ts";
import { LINK_OPTIONS } from "../link/options.ts";
import { launcherProgram } from "../local/options.ts";
import { commandText, relative } from "./cli-page.ts";
import { GENERATED, code, page, table } from "./markdown.ts";

interface Process {
  readonly name: string;
  readonly main: string;
  readonly does: string;
  readonly options: OptionTable;
}

const PROCESSES: readonly Process[] = [
  {
    name: "Gateway",
    main: "gateway/main.ts",
    does: "MQTT in, the region's log out, alerts back. One or more in each region.",
    options: GATEWAY_OPTIONS,
  },
  {
    name: "Alerting engine",
    main: "gateway/alerting/main.ts",
    does: "Rules on the region's log. One in each region.",
    options: ALERTING_OPTIONS,
  },
  {
    name: "Aggregator",
    main: "cloud/aggregator/main.ts",
    does: "Every region's log into InfluxDB. One or more at the hub; they share the lanes.",
    options: AGGREGATOR_OPTIONS,
  },
  {
    name: "Steward",
    main: "cloud/steward/main.ts",
    does: "Scheduled work at the hub: copies of the logs, comparison of log and sink. One.",
    options: STEWARD_OPTIONS,
  },
  {
    name: "Notifier",
    main: "cloud/notifier/main.ts",
    does: "Alerts by e-mail and webhooks. One at the hub, or one in a region.",
    options: notifierOptions({}),
  },
  {
    name: "Console",
    main: "cloud/console/main.ts",
    does: "A web server for people and programs that look after an installation. One at the hub.",
    options: CONSOLE_OPTIONS,
  },
  {
    name: "Link",
    main: "infra/link/main.ts",
    does: "One end of a compressed connection over the WAN. One in each region, one or more at the hub.",
    options: LINK_OPTIONS,
  },
  {
    name: "Simulator",
    main: "device-sim/main.ts",
    does: "Simulated devices that keep a ledger of what was acknowledged.",
    options: SIMULATOR_OPTIONS,
  },
];

/** Everything that sets the options of a process: a flag, a variable, the file of a secret. */
function settings(options: OptionTable): Setting[] {
  const all: OptionTable = { ...options, ...COMMON_OPTIONS };
  return Object.entries(all).flatMap(([name, option]) => settingsOf(name, option));
}

/** Environment variables that some process reads. */
export const ENVIRONMENT: readonly string[] = [
  ...new Set(PROCESSES.flatMap(({ options }) => settings(options).map(({ env }) => env))),
];

/** Their flags, without the hyphens. */
export const FLAGS: readonly string[] = PROCESSES.flatMap(({ options }) =>
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
    "A process takes each option from its flag, else from its environment variable, else its default. " +
      "An empty value counts as unset. All problems are reported together, and the process exits with 1. " +
      "`node gateway/main.ts --help` prints the same table (with Node 26, as `npx` and npm scripts have it). " +
      "Every secret may be in a file instead, which the variable with `_FILE` at its end names: one line, whose newline does not belong to it. " +
      "A password may stand in its URL, or beside it; giving a secret twice is an error. " +
      "A secret in an argument works, but everybody on the machine can read it there, so that the process warns of it. " +
      "Durations are written `250ms`, `30s`, `10m`, `2h` or `7d`.",
    ...PROCESSES.flatMap(({ name, main, does, options }) => [
      `## ${name}`,
      `[${main}](../../${main}): ${does}`,
      table(["variable", "flag", "default", "meaning"], optionRows(options)),
    ]),
    "## Launcher",
    "[infra/local/main.ts](../../infra/local/main.ts): `npm start -- --port-base 15000` and so on.",
    commandText(launcherProgram()),
  );
