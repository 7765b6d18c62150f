// The options of every process: the one source of --help, the environment, the configuration file, its schema and
// the pages.
import { AGGREGATOR_OPTIONS } from "../../cloud/aggregator/options.ts";
import { CONSOLE_OPTIONS } from "../../cloud/console/options.ts";
import { notifierOptions } from "../../cloud/notifier/options.ts";
import { STEWARD_OPTIONS } from "../../cloud/steward/options.ts";
import { SIMULATOR_OPTIONS } from "../../device-sim/options.ts";
import { ALERTING_OPTIONS } from "../../gateway/alerting/options.ts";
import { GATEWAY_OPTIONS } from "../../gateway/options.ts";
import type { OptionTable } from "../../platform/runtime/config.ts";
import { COMMON_OPTIONS } from "../../platform/runtime/process-main.ts";
import { LINK_OPTIONS } from "../link/options.ts";
import type { ProcessName } from "./processes.ts";

/** @param env holds the variables that a channels file names. */
export const optionTables = (
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Record<ProcessName, OptionTable>> => ({
  gateway: { ...GATEWAY_OPTIONS, ...COMMON_OPTIONS },
  alerting: { ...ALERTING_OPTIONS, ...COMMON_OPTIONS },
  aggregator: { ...AGGREGATOR_OPTIONS, ...COMMON_OPTIONS },
  steward: { ...STEWARD_OPTIONS, ...COMMON_OPTIONS },
  notifier: { ...notifierOptions(env), ...COMMON_OPTIONS },
  console: { ...CONSOLE_OPTIONS, ...COMMON_OPTIONS },
  link: { ...LINK_OPTIONS, ...COMMON_OPTIONS },
  simulator: { ...SIMULATOR_OPTIONS, ...COMMON_OPTIONS },
});
