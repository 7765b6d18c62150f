import type { Command } from "commander";
import { restoreInflux } from "../../cloud/operations/backup/influx.ts";
import { checkFiles, restoreServer } from "../../cloud/operations/backup/restore.ts";
import { readManifest } from "../../cloud/operations/backup/store.ts";
import { refused } from "../../cloud/operations/refused.ts";
import { type PlaceFlags, backupAt, s3Options } from "./backup/place.ts";
import { type Say, example } from "./kit/options.ts";
import { Progress } from "./kit/progress.ts";
import { type ServerFlags, openServers, servers } from "./kit/servers.ts";

interface Flags extends ServerFlags, PlaceFlags {
  readonly from: string;
  readonly replace: boolean;
  readonly influx?: string;
}

/** `skerry restore`: a backup into empty servers. */
export function addRestoreCommand(program: Command, say: Say): void {
  const command = servers(
    example(
      program.command("restore"),
      "restore --from /backup/2026-11-28T03-00-00Z --hub nats://admin@hub:4222",
      "restore --from /backup/2026-11-28T03-00-00Z --influx 127.0.0.1:8088",
    )
      .description(
        "Put a backup back into the servers that are named, which must be empty; stop their processes first, and run topology apply afterwards.",
      )
      .requiredOption("--from <place>", "one backup: its directory, or s3://bucket/prefix/name"),
  );
  s3Options(command)
    .option(
      "--influx <host:port>",
      "backup service of an InfluxDB 1.x without the database; needs influxd on this machine",
    )
    .option("--replace", "delete what the servers hold", false)
    .action(async (flags: Flags) => {
      const { replace, influx, hub, region } = flags;
      const from = backupAt(flags.from, flags);
      const manifest = await readManifest(from);
      await checkFiles(from, manifest);
      using progress = new Progress("restoring", null);
      const at = (now: string): void => progress.at(now);
      const told = (line: string): void => {
        progress.clear();
        say(line);
      };
      const named = hub !== undefined || Object.keys(region).length > 0;
      if (!named && influx === undefined)
        throw refused("say what is to be restored: --hub, --region or --influx");
      if (named) {
        await using open = await openServers(flags, () => false);
        for (const [domain, connection] of Object.entries(open.connections)) {
          const server = manifest.servers.find((one) => one.domain === domain);
          if (!server) throw refused(`${from.path} holds nothing of ${domain}`);
          await restoreServer(connection, server, { from, replace, at, say: told });
        }
        told("next: npx skerry topology apply, then start the processes");
      }
      if (influx === undefined) return;
      if (!manifest.influx) throw refused(`${from.path} holds nothing of InfluxDB`);
      const { database } = manifest.influx;
      await restoreInflux({ address: influx, database }, from, manifest.influx);
      told(`InfluxDB: database ${database} is restored`);
    });
}
