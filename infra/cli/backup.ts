import type { Command } from "commander";
import { type Backup, backUp } from "../../cloud/operations/backup/back-up.ts";
import { readManifest } from "../../cloud/operations/backup/files.ts";
import type { InfluxPlace } from "../../cloud/operations/backup/influx.ts";
import type { Manifest } from "../../cloud/operations/backup/manifest.ts";
import { checkFiles } from "../../cloud/operations/backup/restore.ts";
import { onSchedule } from "../../cloud/operations/backup/schedule.ts";
import { verifyStream } from "../../cloud/operations/backup/verify.ts";
import { bytes, count } from "../../cloud/operations/words.ts";
import { HUB } from "../../platform/nats/topology/topology.ts";
import { as } from "../../platform/runtime/config.ts";
import { startScratchServer } from "./backup/scratch-server.ts";
import { type Say, example, parseCount, parser } from "./kit/options.ts";
import { Progress } from "./kit/progress.ts";
import { type ServerFlags, namesServers, openServers, servers } from "./kit/servers.ts";

interface Flags extends ServerFlags {
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
          "--to <dir>",
          "directory of the backups; each gets one of its own in it, named by its time",
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
    if (what === "all")
      command
        .option(
          "--influx <host:port>",
          "backup service of InfluxDB 1.x; needs influxd on this machine",
        )
        .option("--database <name>", "of InfluxDB", "skerry");
    command.action((flags: Flags) => run(what, flags, say));
  }
  servers(
    example(
      backup.command("verify <dir>"),
      "backup verify /backup/2026-11-28T03-00-00Z",
    ).description(
      "Check the hashes of a backup, restore each stream into a nats-server of its own and read it; with servers named, hold each message against theirs.",
    ),
  ).action((directory: string, flags: ServerFlags) => verify(directory, flags, say));
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
    { ...flags, at: (now) => progress.at(now) },
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

async function verify(directory: string, flags: ServerFlags, say: Say): Promise<void> {
  const manifest: Manifest = readManifest(directory);
  say(
    `${count(await checkFiles(directory, manifest), "file is", "files are")} as they were written`,
  );
  await using open = namesServers(flags) ? await openServers(flags, () => false) : null;
  await using scratch = await startScratchServer();
  using progress = new Progress("checking the backup", null);
  let faults = 0;
  for (const { domain, streams } of manifest.servers)
    for (const stream of streams) {
      const { name } = stream.config;
      progress.at(`${name} of ${domain}`);
      const running = open?.connections[domain] ?? null;
      const verdict = await verifyStream(scratch.connection, directory, stream, running);
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
  say(faults === 0 ? "the backup is whole" : `${count(faults, "fault")}`);
  if (faults > 0) process.exitCode = 1;
}
