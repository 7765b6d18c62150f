// InfluxDB 1.x by its own tool, which speaks to its backup service (influxd backup -portable). It asks for no password:
// keep that service on 127.0.0.1.
import { execFile } from "node:child_process";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { messageOf } from "../../../platform/runtime/errors.ts";
import { refused } from "../refused.ts";
import { describeFile } from "./files.ts";
import type { BackedUpFile, BackedUpInflux } from "./manifest.ts";

const run = promisify(execFile);
const DIRECTORY = "influx";

export interface InfluxPlace {
  /** Address of the backup service: host:port. */
  readonly address: string;
  readonly database: string;
}

/** Takes a database into the directory of a backup. */
export async function backUpInflux(
  { address, database }: InfluxPlace,
  directory: string,
): Promise<BackedUpInflux> {
  const into = join(directory, DIRECTORY);
  await rm(into, { recursive: true, force: true });
  await mkdir(into, { mode: 0o700 });
  await influxd(["backup", "-portable", "-database", database, "-host", address, into], address);
  const files: BackedUpFile[] = [];
  for (const name of (await readdir(into)).sort())
    files.push(await describeFile(directory, `${DIRECTORY}/${name}`));
  return { database, files };
}

/** Puts a database back, which must not be there. */
export async function restoreInflux(
  { address, database }: InfluxPlace,
  directory: string,
): Promise<void> {
  const from = join(directory, DIRECTORY);
  await influxd(["restore", "-portable", "-db", database, "-host", address, from], address);
}

async function influxd(args: readonly string[], address: string): Promise<void> {
  try {
    await run("influxd", args);
  } catch (error) {
    const { stderr = "", stdout = "" } = error as { stderr?: string; stdout?: string };
    const said = `${stdout}\n${stderr}`.trim().split("\n").at(-1) ?? "";
    throw refused(
      `influxd ${args[0]} at ${address}: ${said === "" ? messageOf(error) : said}`,
      error,
    );
  }
}
