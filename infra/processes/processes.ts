// The processes that an installation is made of; pure. What each of them is told is in option-tables.ts.
import { join } from "node:path";
import { asRun } from "../../platform/runtime/as-run.ts";

const ROOT = join(import.meta.dirname, "../..");

/** Processes by the names that the command line, the configuration file and the pages have for them. */
export const PROCESSES = {
  gateway: {
    title: "Gateway",
    main: "gateway/main.ts",
    does: "MQTT in, the region's log out, alerts back. One or more in each region.",
  },
  alerting: {
    title: "Alerting engine",
    main: "gateway/alerting/main.ts",
    does: "Rules on the region's log. One in each region.",
  },
  aggregator: {
    title: "Aggregator",
    main: "cloud/aggregator/main.ts",
    does: "Every region's log into InfluxDB. One or more at the hub; they share the lanes.",
  },
  steward: {
    title: "Steward",
    main: "cloud/steward/main.ts",
    does: "Scheduled work at the hub: copies of the logs, comparison of log and sink. One.",
  },
  notifier: {
    title: "Notifier",
    main: "cloud/notifier/main.ts",
    does: "Alerts by e-mail and webhooks. One at the hub, or one in a region.",
  },
  console: {
    title: "Console",
    main: "cloud/console/main.ts",
    does: "A web server for people and programs that look after an installation. One at the hub.",
  },
  link: {
    title: "Link",
    main: "infra/link/main.ts",
    does: "One end of a compressed connection over the WAN. One in each region, one or more at the hub.",
  },
  simulator: {
    title: "Simulator",
    main: "device-sim/main.ts",
    does: "Simulated devices that keep a ledger of what was acknowledged.",
  },
} as const;

export type ProcessName = keyof typeof PROCESSES;

export const PROCESS_NAMES = Object.keys(PROCESSES) as readonly ProcessName[];

export const isProcessName = (name: string): name is ProcessName => Object.hasOwn(PROCESSES, name);

/** The launcher as a command, and what it runs. */
export const UP = { command: "up", main: "infra/local/main.ts" } as const;

/**
 * The program that a command line starts in place of `skerry` itself; null if the command is one of its own, as
 * `console login` is beside `console`.
 */
export function programOf([command = "", next = ""]: readonly string[]): string | null {
  if (command === UP.command) return join(ROOT, asRun(UP.main));
  if (!isProcessName(command) || !/^(-|$)/.test(next)) return null;
  return join(ROOT, asRun(PROCESSES[command].main));
}
