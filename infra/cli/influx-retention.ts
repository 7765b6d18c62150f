import { InvalidArgumentError, type Command } from "commander";
import { InfluxClient, type InfluxTarget } from "../../cloud/sinks/influx/client.ts";
import { policiesOf } from "../../cloud/sinks/influx/policies.ts";
import {
  KINDS,
  type Wanted,
  changeText,
  changesFor,
  keepText,
  parseKeep,
  policyOfKind,
  shardsOf,
  shortens,
} from "../../cloud/sinks/influx/retention.ts";
import { ADMINISTRATOR, urlOfUser } from "../../cloud/sinks/influx/set-up.ts";
import { refused } from "../../cloud/operations/refused.ts";
import { messageOf } from "../../platform/runtime/errors.ts";
import { type Say, example } from "./kit/options.ts";

export interface RetentionFlags {
  readonly keep: readonly Wanted[];
  readonly shorten?: true;
}

/** The options of `skerry influx retention` beside those that say which InfluxDB it is. */
export function retentionCommand(commands: Command): Command {
  return example(
    commands.command("retention"),
    "influx retention --influx http://influxdb:8086 --administrator-password-file administrator",
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

/** Shows what is kept for how long; changes what is wanted otherwise. */
export async function applyRetention(
  target: InfluxTarget,
  password: string,
  { keep, shorten }: RetentionFlags,
  say: Say,
): Promise<void> {
  const url = urlOfUser(target.url, ADMINISTRATOR, password);
  const influx = new InfluxClient({ ...target, url });
  const { database } = target;
  const policies = await policiesOf(influx);
  if (!policies.some(({ isDefault }) => isDefault))
    throw refused(`there is no database ${database}: npx skerry influx apply makes it`);
  const shards = shardsOf(await influx.execute("SHOW SHARDS"), database);
  const changes = changesFor(keep, { database, policies, shards, nowMs: Date.now() });
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
