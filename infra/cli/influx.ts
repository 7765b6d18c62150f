import type { Command } from "commander";
import { lengthenRetention } from "../../cloud/sinks/influx/apply-retention.ts";
import type { InfluxTarget } from "../../cloud/sinks/influx/client.ts";
import { ADMINISTRATOR, READER, WRITER, setUpInflux } from "../../cloud/sinks/influx/set-up.ts";
import { refused } from "../../cloud/operations/refused.ts";
import { type ClientTls, clientTls, tlsOptions } from "../../platform/runtime/client-tls.ts";
import { loadConfig } from "../../platform/runtime/config.ts";
import { messageOf } from "../../platform/runtime/errors.ts";
import { fileVariable, secretFrom } from "../../platform/runtime/secret-files.ts";
import { environmentOf } from "./kit/credentials.ts";
import {
  type RetentionFlags,
  applyRetention,
  configuredKeep,
  retentionCommand,
  wantedOf,
} from "./influx-retention.ts";
import { type Say, example } from "./kit/options.ts";

interface Flags {
  readonly influx: string;
  readonly tlsCa?: string;
  readonly database: string;
  readonly administratorPasswordFile?: string;
  readonly writerPasswordFile?: string;
  readonly readerPasswordFile?: string;
}

/** `skerry influx apply`: database and users of an InfluxDB 1.x. */
export function addInfluxCommand(program: Command, say: Say): void {
  const commands = program
    .command("influx")
    .description("Users of an InfluxDB 1.x, and how long it keeps what it has.");
  const command = example(
    commands.command("apply"),
    "influx apply --influx http://influxdb:8086 --administrator-password-file administrator --writer-password-file writer --reader-password-file reader",
  ).description(
    "Make the database, and users administrator, writer and reader with their rights; repeating it sets the passwords of writer and reader, and lengthens what SKERRY_INFLUX_KEEP has longer.",
  );
  ofInflux(command, [ADMINISTRATOR, WRITER, READER]);
  command.action(async (flags: Flags) => {
    const target = targetOf(flags);
    const passwords = {
      administrator: passwordOf(ADMINISTRATOR, flags.administratorPasswordFile),
      writer: passwordOf(WRITER, flags.writerPasswordFile),
      reader: passwordOf(READER, flags.readerPasswordFile),
    };
    const { database } = target;
    const { otherAdministrators } = await setUpInflux({ target, passwords });
    for (const name of otherAdministrators) say(`"${name}" is an administrator, too`);
    say(`${WRITER} may write and read ${database}, ${READER} may read it`);
    await lengthenRetention(target, passwords.administrator, configuredKeep(), say);
  });
  const retention = ofInflux(retentionCommand(commands), [ADMINISTRATOR]);
  retention.action(async (flags: Flags & RetentionFlags) => {
    const password = passwordOf(ADMINISTRATOR, flags.administratorPasswordFile);
    const keep = wantedOf(flags);
    await applyRetention(targetOf(flags), password, { ...flags, keep }, say);
  });
}

/** Options that say which InfluxDB it is, and who asks it. */
function ofInflux(command: Command, users: readonly string[]): Command {
  command
    .requiredOption("--influx <url>", "InfluxDB, http(s)://host:port")
    .option(
      "--tls-ca <file>",
      "authority of its certificate, for https (default: those of the system)",
    )
    .option("--database <name>", "that is written and read", "skerry");
  for (const user of users)
    command.option(
      `--${user}-password-file <file>`,
      `password of ${user} (default: ${variableOf(user)}, or the file that ${fileVariable(variableOf(user))} names)`,
    );
  return command;
}

function targetOf({ influx, database, tlsCa }: Flags): InfluxTarget {
  if (!URL.canParse(influx) || new URL(influx).username !== "")
    throw refused("--influx must be a URL without a user, http://host:port");
  return { url: influx, database, tls: tlsOf(tlsCa) };
}

const TLS = { name: "influx", env: "SKERRY_INFLUX", server: "InfluxDB" } as const;

/** The variables are those of every process that talks to InfluxDB. */
function tlsOf(ca: string | undefined): ClientTls {
  const given = ca === undefined ? {} : { SKERRY_INFLUX_TLS_CA: ca };
  return clientTls(loadConfig(tlsOptions(TLS), { ...environmentOf(), ...given }), TLS);
}

const variableOf = (user: string): string => `SKERRY_INFLUX_${user.toUpperCase()}_PASSWORD`;

function passwordOf(user: string, typed: string | undefined): string {
  const variable = variableOf(user);
  const env = environmentOf();
  const fileLabel = typed === undefined ? fileVariable(variable) : `--${user}-password-file`;
  try {
    const found = secretFrom({
      label: variable,
      value: typed === undefined ? env[variable] : undefined,
      ...{ fileLabel, file: typed ?? env[fileVariable(variable)] },
    });
    if (found) return found.secret;
  } catch (error) {
    throw refused(messageOf(error), error);
  }
  throw refused(`the password of ${user} is missing: give --${user}-password-file`);
}
