import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { AppError } from "../../platform/runtime/errors.ts";

/** A program that the product needs from the system, and the Debian package that has it. */
export const SYSTEM_PROGRAMS = { "nats-server": "nats-server", influxd: "influxdb" } as const;

export type SystemProgram = keyof typeof SYSTEM_PROGRAMS;

const MANUAL = `Install them once, then run the same command again:
  Debian, Ubuntu   sudo apt-get update && sudo apt-get install -y nats-server influxdb
  macOS            brew install nats-server influxdb@1 && brew link influxdb@1
  Docker           docker run --rm -it --init -v "$PWD":/skerry -w /skerry node:22-bookworm sh -c "npm ci && npm start"`;

/** The directories to look in: PATH, and sbin, where daemons live but which is not on everybody's PATH. */
export const searchDirectories = (path: string): string[] => [
  ...path.split(delimiter).filter((directory) => directory !== ""),
  "/usr/local/sbin",
  "/usr/sbin",
  "/opt/homebrew/bin",
];

/** The absolute path of a program, or null. */
export function findProgram(name: string, directories: readonly string[]): string | null {
  for (const directory of directories) {
    const candidate = join(directory, name);
    try {
      accessSync(candidate, constants.X_OK);
      return candidate;
    } catch {
      continue;
    }
  }
  return null;
}

export interface PrerequisiteOptions {
  directories: readonly string[];
  /** May system packages be installed? Only root can. */
  root: boolean;
  say: (line: string) => void;
}

/**
 * Finds what the product needs; as root on Debian, installs what is missing.
 * @throws AppError `PROGRAM_MISSING` with the commands to run by hand.
 */
export const ensurePrograms = (options: PrerequisiteOptions): Record<SystemProgram, string> =>
  ensureInstalled(SYSTEM_PROGRAMS, MANUAL, options);

/**
 * The same for any programs.
 * @param packages of Debian, by program.
 * @param manual what to do by hand.
 */
export function ensureInstalled<Name extends string>(
  packages: Readonly<Record<Name, string>>,
  manual: string,
  options: PrerequisiteOptions,
): Record<Name, string> {
  const names = Object.keys(packages) as Name[];
  const missing = (): Name[] => names.filter((name) => !findProgram(name, options.directories));
  const absent = missing();
  if (absent.length > 0 && options.root && findProgram("apt-get", options.directories))
    installPackages(
      absent.map((name) => packages[name]),
      options.say,
    );
  const still = missing();
  if (still.length > 0)
    throw new AppError("PROGRAM_MISSING", "fatal", `${still.join(", ")} not found. ${manual}`);
  return Object.fromEntries(
    names.map((name) => [name, findProgram(name, options.directories)]),
  ) as Record<Name, string>;
}

function installPackages(packages: string[], say: (line: string) => void): void {
  say(`installing from Debian: ${packages.join(" ")}`);
  const steps = [["update"], ["install", "-y", "--no-install-recommends", ...packages]];
  for (const step of steps) {
    const { status, stderr } = spawnSync("apt-get", ["-qq", ...step], {
      encoding: "utf8",
      stdio: ["ignore", "ignore", "pipe"],
      // An installed package must not start a server of its own beside ours.
      env: {
        PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
        DEBIAN_FRONTEND: "noninteractive",
        RUNLEVEL: "1",
      },
    });
    if (status !== 0) say(`apt-get ${step.join(" ")} failed: ${stderr.trim().split("\n").at(-1)}`);
  }
}
