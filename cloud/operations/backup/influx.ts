// InfluxDB 1.x by its own tool, which speaks to its backup service (influxd backup -portable). It asks for no password:
// keep that service on 127.0.0.1. The tool knows directories alone: elsewhere one of ours stands in between.
import { execFile } from "node:child_process";
import { createReadStream } from "node:fs";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { messageOf } from "../../../platform/runtime/errors.ts";
import { refused } from "../refused.ts";
import { filesIn } from "./directory.ts";
import type { BackedUpFile, BackedUpInflux } from "./manifest.ts";
import { type BackupFiles, Measure } from "./store.ts";

const run = promisify(execFile);
const DIRECTORY = "influx";

export interface InfluxPlace {
  /** Address of the backup service: host:port. */
  readonly address: string;
  readonly database: string;
}

/** Takes a database into a backup. */
export async function backUpInflux(
  { address, database }: InfluxPlace,
  files: BackupFiles,
): Promise<BackedUpInflux> {
  await using directory = await directoryFor(files);
  const into = join(directory.path, DIRECTORY);
  await rm(into, { recursive: true, force: true });
  await mkdir(into, { mode: 0o700 });
  await influxd(["backup", "-portable", "-database", database, "-host", address, into], address);
  const taken: BackedUpFile[] = [];
  for (const name of (await readdir(into)).sort()) {
    const file = `${DIRECTORY}/${name}`;
    const pieces = createReadStream(join(into, name));
    taken.push(
      await (files.directory === null ? files.write(file, pieces) : measure(file, pieces)),
    );
  }
  return { database, files: taken };
}

/** Puts a database back, which must not be there. */
export async function restoreInflux(
  { address, database }: InfluxPlace,
  files: BackupFiles,
  { files: parts }: BackedUpInflux,
): Promise<void> {
  await using directory = await directoryFor(files);
  if (files.directory === null)
    for (const { file } of parts)
      await filesIn(directory.path).write(`${DIRECTORY}/${basename(file)}`, files.read(file));
  const from = join(directory.path, DIRECTORY);
  await influxd(["restore", "-portable", "-db", database, "-host", address, from], address);
}

/** That of the backup, or one that is removed with its end. */
async function directoryFor(files: BackupFiles): Promise<{ path: string } & AsyncDisposable> {
  const { directory } = files;
  if (directory !== null)
    return { path: directory, [Symbol.asyncDispose]: () => Promise.resolve() };
  const path = await mkdtemp(join(tmpdir(), "skerry-influx-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

async function measure(file: string, pieces: AsyncIterable<Buffer>): Promise<BackedUpFile> {
  const of = new Measure();
  for await (const piece of pieces) of.take(piece);
  return of.of(file);
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
