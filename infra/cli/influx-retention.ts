import { InvalidArgumentError, type Command } from "commander";
import { administratorOf, changesOf } from "../../cloud/sinks/influx/apply-retention.ts";
import type { InfluxTarget } from "../../cloud/sinks/influx/client.ts";
import {
  KINDS,
  type Wanted,
  changeText,
  keepText,
  parseKeep,
  policyOfKind,
  shortens,
} from "../../cloud/sinks/influx/retention.ts";
import { refused } from "../../cloud/operations/refused.ts";
import { KEEP_OPTION } from "../../cloud/sinks/influx/options.ts";
import { loadConfig } from "../../platform/runtime/config.ts";
import { layered } from "../../platform/runtime/config-file/layers.ts";
import { CONFIG_OPTION, configFileOf } from "../../platform/runtime/config-file/read.ts";
import { messageOf } from "../../platform/runtime/errors.ts";
import { environmentOf } from "./kit/credentials.ts";
import { type Say, example } from "./kit/options.ts";

export interface RetentionFlags {
  readonly keep: readonly Wanted[];
  readonly configured?: true;
  readonly shorten?: true;
}

/** The options of `skerry influx retention` beside those that say which InfluxDB it is. */
export function retentionCommand(commands: Command): Command {
  return example(
    commands.command("retention"),
    "influx retention --influx http://influxdb:8086 --administrator-password-file administrator",
    "influx retention --influx http://influxdb:8086 --administrator-password-file administrator --configured",
    "influx retention --influx http://influxdb:8086 --administrator-password-file administrator --keep readings=30d --keep 1m=180d --keep 1h=5y --keep 1d=forever --shorten",
  )
    .description(
      "Show or change how long InfluxDB 1.x keeps each kind of record: readings (with rollups of 10 s and open ones), and rollups of 1m, 1h and 1d. Whatever a shorter time deletes is told first, and needs --shorten.",
    )
    .option(
      "--keep <kind=duration>",
      `${KINDS.join(", ")}, each with 2d to 100y or forever; repeat it`,
      keepOf,
      [],
    )
    .option(
      "--configured",
      `keep what the steward's ${KEEP_OPTION.influxKeep.env} says here: environment, or influx-keep of skerry.yaml`,
    )
    .option(
      "--shorten",
      "also keep something for a shorter time than until now: what is older is deleted",
    );
}

function keepOf(text: string, before: readonly Wanted[]): Wanted[] {
  try {
    const wanted = parseKeep(text);
    if (before.some(({ kind }) => kind === wanted.kind))
      throw new Error(`${wanted.kind} is there twice`);
    return [...before, wanted];
  } catch (error) {
    throw new InvalidArgumentError(messageOf(error));
  }
}

/** The times of the options, or those of the steward's configuration. @throws AppError `CONFIG_INVALID` if it is both or neither. */
export function wantedOf({ keep, configured }: RetentionFlags): readonly Wanted[] {
  if (!configured) return keep;
  if (keep.length > 0) throw refused("--keep and --configured exclude each other");
  const wanted = configuredKeep();
  if (wanted.length > 0) return wanted;
  const { env } = KEEP_OPTION.influxKeep;
  throw refused(
    `no time is configured here: neither ${env}, nor influx-keep below steward: or shared: in skerry.yaml`,
  );
}

/** Times that the steward's configuration says here; nothing where there is none. */
export function configuredKeep(): readonly Wanted[] {
  const table = { ...CONFIG_OPTION, ...KEEP_OPTION };
  const env = environmentOf();
  const file = configFileOf(table, { env, argv: [] });
  const { env: given, labels } = layered({ process: "steward", table }, env, file);
  return loadConfig(table, given, [], labels).influxKeep;
}

/** Shows what is kept for how long; changes what is wanted otherwise. */
export async function applyRetention(
  target: InfluxTarget,
  password: string,
  { keep, shorten }: Pick<RetentionFlags, "keep" | "shorten">,
  say: Say,
): Promise<void> {
  const influx = administratorOf(target, password);
  const { changes, policies } = await changesOf(influx, target.database, keep);
  const shorter = changes.filter(shortens);
  if (shorter.length > 0 && !shorten)
    throw refused(
      [
        "this keeps something for a shorter time, and nothing was changed; add --shorten if that is meant:",
        ...shorter.map((change) => `  ${changeText(change)}`),
      ].join("\n"),
    );
  for (const change of changes) {
    await influx.execute(change.statement);
    say(changeText(change));
  }
  for (const kind of KINDS) {
    if (changes.some((change) => change.kind === kind)) continue;
    const policy = policyOfKind(kind, policies);
    say(`${kind}: ${policy ? `kept ${keepText(policy.durationMs)}` : "kept as long as readings"}`);
  }
}
