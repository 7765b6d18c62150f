import { type Command, InvalidArgumentError } from "commander";
import { examine } from "./doctor/examine.ts";
import { exitStatusOf } from "./doctor/finding.ts";
import { type DoctorFlags, targetOf } from "./doctor/target.ts";
import { findingLines } from "./doctor/text.ts";
import { type Say, example, parseDuration } from "./kit/options.ts";
import { sayJson } from "./kit/output.ts";

const BACKUP_AGE_MS = 26 * 3_600_000;

const named = (raw: string, before: Readonly<Record<string, string>>) => {
  const [, name, value] = /^([\w-]+)=(.+)$/.exec(raw) ?? [];
  if (name === undefined) throw new InvalidArgumentError("must be name=address");
  return { ...before, [name]: value! };
};
const listed = (raw: string, before: readonly string[]) => [...before, raw];

/** `skerry doctor`: looks at everything that goes wrong slowly, and says what to do. */
export function addDoctorCommand(program: Command, say: Say): void {
  const command = example(
    program.command("doctor"),
    "doctor",
    "doctor --backups /var/backups/skerry --json",
    "doctor --nats hub=nats://admin@hub:4222 --nats eu=nats://admin@eu:4222 --status gateway-eu=http://eu:9090 --influx http://reader@influxdb:8086 --certificate /etc/skerry/eu.pem --secret /etc/skerry/passwords --disk /var/lib/nats",
  ).description(
    "Examine an installation: ports, health, lanes, streams, clocks, disks, certificates, rights of secrets, versions, retention, backups. Exit status 1 with warnings, 3 if something is wrong or does not answer.",
  );
  command
    .option("--data-dir <dir>", "local installation (default: .skerry, here or above)")
    .option(
      "--nats <name=url>",
      "instead: hub=URL or a region's nats-server, as its admin; repeat it",
      named,
      {},
    )
    .option(
      "--nats-password-file <file>",
      "password of that user, where all servers have one (else as for topology)",
    )
    .option("--influx <url>", "InfluxDB, as a user that may read")
    .option("--influx-database <name>", "its database", "skerry")
    .option(
      "--status <name=url>",
      "status port of a process, http://host:port; repeat it",
      named,
      {},
    )
    .option("--tcp <name=address>", "another listener, a URL or host:port; repeat it", named, {})
    .option("--certificate <file>", "PEM file whose dates count; repeat it", listed, [])
    .option("--secret <file>", "file that its owner alone may read; repeat it", listed, [])
    .option(
      "--disk <directory>",
      "on a disk of this machine that may fill up; repeat it",
      listed,
      [],
    )
    .option("--backups <directory>", "where backups are: the newest manifest counts")
    .option(
      "--backup-age <duration>",
      "age at which the newest backup is too old",
      parseDuration,
      BACKUP_AGE_MS,
    )
    .option("--json", "as a JSON object", false)
    .action(async (flags: DoctorFlags) => {
      const target = targetOf(flags);
      const findings = await examine(target);
      process.exitCode = exitStatusOf(findings);
      if (flags.json) sayJson(say, { from: target.from, exitStatus: process.exitCode, findings });
      else for (const line of findingLines(findings)) say(line);
    });
}
