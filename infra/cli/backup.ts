import type { Command } from "commander";
import { type Backup, backUp } from "../../cloud/operations/backup/back-up.ts";
import { type InfluxPlace, restoreInflux } from "../../cloud/operations/backup/influx.ts";
import type { Manifest } from "../../cloud/operations/backup/manifest.ts";
import { type BackupFiles, readManifest } from "../../cloud/operations/backup/store.ts";
import { verifyInflux } from "./backup/verify-influx.ts";
import { checkFiles } from "../../cloud/operations/backup/restore.ts";
import { onSchedule } from "../../cloud/operations/backup/schedule.ts";
import { verifyStream } from "../../cloud/operations/backup/verify.ts";
import { bytes, count } from "../../cloud/operations/words.ts";
import { HUB } from "../../platform/nats/topology/topology.ts";
import { INFLUX_OPTIONS } from "../../cloud/sinks/influx/options.ts";
import { as, loadConfig } from "../../platform/runtime/config.ts";
import { environmentOf } from "./kit/credentials.ts";
import { type PlaceFlags, backupAt, s3Options, storeAt } from "./backup/place.ts";
import { startScratchInflux } from "./backup/scratch-influx.ts";
import { startScratchServer } from "./backup/scratch-server.ts";
import { type Say, example, parseCount, parser } from "./kit/options.ts";
import { Progress } from "./kit/progress.ts";
import { type ServerFlags, namesServers, openServers, servers } from "./kit/servers.ts";

interface Flags extends ServerFlags, PlaceFlags {
  readonly to: string;
  readonly every?: string;
  readonly keep?: number;
  readonly influx?: string;
  readonly database?: string;
}

const parseCron = parser(as.cron);

const WHAT = {
  hub: "Back up the hub's nats-server while it runs.",
  region: "Back up the nats-servers of regions while they run: those that are named, or all.",
  all: "Back up the nats-servers of hub and regions, and InfluxDB if --influx names it, while they run.",
} as const;

/** `skerry backup`: copies of running stores, which `restore` puts back. */
export function addBackupCommand(program: Command, say: Say): void {
  const backup = program
    .command("backup")
    .description("Back up stores while they run, and check backups.");
  for (const what of ["hub", "region", "all"] as const) {
    const command = servers(
      example(
        backup.command(what),
        `backup ${what} --to /backup --keep 14 --hub nats://admin@hub:4222 --region eu=nats://admin@eu:4222`,
      )
        .description(`${WHAT[what]} Cut off, the next one goes on with it.`)
        .requiredOption(
          "--to <place>",
          "directory of the backups, or s3://bucket/prefix; each gets one of its own in it, named by its time",
        ),
    )
      .option(
        "--keep <n>",
        "complete backups that stay; older ones are removed after a new one",
        parseCount,
      )
      .option(
        "--every <cron>",
        "go on, and make one at each of these times: '0 0 3 * * *' is at 3:00",
        parseCron,
      );
    s3Options(command);
    if (what === "all")
      command
        .option(
          "--influx <host:port>",
          "backup service of InfluxDB 1.x; needs influxd on this machine",
        )
        .option("--database <name>", "of InfluxDB", "skerry");
    command.action((flags: Flags) => run(what, flags, say));
  }
  const verifying = servers(
    example(
      backup.command("verify <place>"),
      "backup verify /backup/2026-11-28T03-00-00Z",
      "backup verify s3://backups/skerry/2026-11-28T03-00-00Z --influx http://reader@influxdb:8086",
    ).description(
      "Check the hashes of a backup, restore each stream into a nats-server of its own and read it, and InfluxDB's part into an influxd of its own; with servers named, hold what is there against theirs.",
    ),
  ).option(
    "--influx <url>",
    "running InfluxDB, as a user that may read; its password in SKERRY_INFLUX_PASSWORD or the file that SKERRY_INFLUX_PASSWORD_FILE names",
  );
  s3Options(verifying).action((place: string, flags: VerifyFlags) => verify(place, flags, say));
}

async function run(what: keyof typeof WHAT, flags: Flags, say: Say): Promise<void> {
  const once = () => backUpOnce(what, flags, say);
  if (flags.every === undefined) return once();
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => stop.abort());
  say(`backing up at ${flags.every}, until Ctrl-C`);
  await onSchedule(flags.every, once, { say, signal: stop.signal });
}

async function backUpOnce(what: keyof typeof WHAT, flags: Flags, say: Say): Promise<void> {
  const isMeant = (domain: string): boolean =>
    what === "all" || (what === "hub") === (domain === HUB);
  await using open = await openServers(flags, () => false, isMeant);
  using progress = new Progress("backing up", null);
  const influx: InfluxPlace | null =
    flags.influx === undefined ? null : { address: flags.influx, database: flags.database! };
  const made = await backUp(
    { servers: open.connections, influx },
    {
      to: storeAt(flags.to, flags),
      ...(flags.keep === undefined ? {} : { keep: flags.keep }),
      at: (now) => progress.at(now),
    },
  );
  progress.clear();
  for (const line of told(made)) say(line);
}

function told({ path, manifest, isResumed, removed }: Backup): string[] {
  return [
    ...manifest.servers.map(({ domain, streams }) => {
      const messages = streams.reduce((sum, { state }) => sum + state.messages, 0);
      const size = streams.reduce((sum, one) => sum + one.bytes, 0);
      return `${domain}: ${count(streams.length, "stream")}, ${count(messages, "message")}, ${bytes(size)}`;
    }),
    ...(manifest.influx
      ? [`InfluxDB ${manifest.influx.database}: ${count(manifest.influx.files.length, "file")}`]
      : []),
    `${path} is complete${isResumed ? ", gone on with after it was cut off" : ""}`,
    ...removed.map((name) => `${name} is removed`),
  ];
}

interface VerifyFlags extends ServerFlags, PlaceFlags {
  readonly influx?: string;
}

async function verify(place: string, flags: VerifyFlags, say: Say): Promise<void> {
  const files = backupAt(place, flags);
  const manifest: Manifest = await readManifest(files);
  say(`${count(await checkFiles(files, manifest), "file is", "files are")} as they were written`);
  await using open = namesServers(flags) ? await openServers(flags, () => false) : null;
  await using scratch = await startScratchServer();
  using progress = new Progress("checking the backup", null);
  let faults = 0;
  for (const { domain, streams } of manifest.servers)
    for (const stream of streams) {
      const { name } = stream.config;
      progress.at(`${name} of ${domain}`);
      const running = open?.connections[domain] ?? null;
      const verdict = await verifyStream(scratch.connection, files, stream, running);
      progress.clear();
      const { messages, same, gone } = verdict;
      const held =
        same === null
          ? ""
          : `, ${same} just so at the running server, ${gone} forgotten there since`;
      if (verdict.faults.length === 0)
        say(`${domain} ${name}: ${count(messages, "message")}${held}`);
      for (const fault of verdict.faults) say(`${domain} ${name}: ${fault}`);
      faults += verdict.faults.length;
    }
  if (manifest.influx) {
    progress.at("InfluxDB");
    const lines = await checkInflux(files, manifest, flags.influx);
    progress.clear();
    for (const { text } of lines) say(text);
    faults += lines.filter(({ isFault }) => isFault).length;
  }
  say(faults === 0 ? "the backup is whole" : `${count(faults, "fault")}`);
  if (faults > 0) process.exitCode = 1;
}

interface Line {
  readonly text: string;
  readonly isFault: boolean;
}

async function checkInflux(
  files: BackupFiles,
  { influx, startedAt }: Manifest,
  running: string | undefined,
): Promise<Line[]> {
  const { database } = influx!;
  await using scratch = await startScratchInflux();
  await restoreInflux({ address: scratch.backup, database }, files, influx!);
  const own = { url: scratch.url, database };
  const other = running === undefined ? null : { url: influxUrlOf(running), database };
  const verdicts = await verifyInflux(own, other, Date.parse(startedAt));
  const name = `InfluxDB ${database}`;
  if (verdicts.length === 0) return [{ text: `${name}: no measurement`, isFault: false }];
  return verdicts.flatMap(({ policy, measurement, points, same, changed, faults }): Line[] => {
    const of = `${name}: ${policy} ${measurement}`;
    const held =
      same === null ? "" : `, ${same} days just so at the running one, ${changed} changed since`;
    if (faults.length === 0)
      return [{ text: `${of}: ${count(points, "point")}${held}`, isFault: false }];
    return faults.map((fault) => ({ text: `${of}: ${fault}`, isFault: true }));
  });
}

/** The URL with the password of its user. */
function influxUrlOf(typed: string): string {
  const table = { influxUrl: INFLUX_OPTIONS.influxUrl };
  return loadConfig(table, { ...environmentOf(), SKERRY_INFLUX_URL: typed }).influxUrl;
}
