import { userInfo } from "node:os";
import type { Command } from "commander";
import type { Acknowledgement, Alert } from "../../contracts/messages/alert.ts";
import { ACKNOWLEDGEMENTS_BUCKET, acknowledgementKey } from "../../contracts/names/subjects.ts";
import { Bucket } from "../../platform/nats/client/bucket.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { HUB } from "../../platform/nats/topology/topology.ts";
import { latestAlerts } from "./alerts/latest.ts";
import type { Place } from "./kit/addresses.ts";
import { withNats } from "./kit/connection.ts";
import { type Say, example, place } from "./kit/options.ts";
import { refused } from "./kit/refused.ts";
import { instant } from "./kit/words.ts";

interface ListFlags extends Place {
  readonly region?: string;
  readonly all: boolean;
}

/** `skerry alerts list|ack`: what fires, and who has seen it. */
export function addAlertsCommand(program: Command, say: Say): void {
  const alerts = program
    .command("alerts")
    .description("Alerts of all regions, as the hub has them.");

  example(
    place(alerts.command("list"), "the hub's, or with --region the region's,"),
    "alerts list",
    "alerts list --region eu --all",
  )
    .description("List the alerts that are not resolved, the latest last.")
    .option("--region <name>", "one region's, read there: also with the WAN down")
    .option("--all", "also the resolved ones: the last of each rule and key", false)
    .action((flags: ListFlags) =>
      withNats(flags, flags.region ?? HUB, async (connection) => {
        const found = await latestAlerts(connection, flags.region);
        const shown = found.filter(({ state }) => flags.all || state !== "resolved");
        const marked = new Set(
          found.filter(isOpenError).map(({ region, key }) => `${region}/${key}`),
        );
        for (const alert of shown) {
          const isMarked = marked.has(`${alert.region}/${alert.rule}/${alert.key}`);
          say(lineOf(alert, isMarked && alert.state !== "resolved"));
        }
        if (shown.length === 0) say("no alerts");
      }),
    );

  example(place(alerts.command("ack")), "alerts ack 3f2a91 --by anna")
    .description("Say that you have seen a firing alert; it stays acknowledged until it resolves.")
    .argument("<id>", "the alert's, or enough of its beginning")
    .option("--by <name>", "who you are", userInfo().username)
    .action((id: string, flags: Place & { by: string }) =>
      withNats(flags, HUB, async (connection) => {
        const alert = await firingAlert(connection, id);
        const ack: Acknowledgement = {
          rule: alert.rule,
          key: alert.key,
          id: alert.id,
          by: flags.by,
          atMs: Date.now(),
        };
        const bucket = await Bucket.open(connection, ACKNOWLEDGEMENTS_BUCKET);
        await bucket.put(acknowledgementKey(alert), JSON.stringify(ack));
        say(`${alert.region} ${alert.rule} ${alert.key}: acknowledged by ${flags.by}`);
      }),
    );
}

/** Its key is `{rule}/{key}` of what cannot be evaluated, and so stays as it was. */
const isOpenError = ({ rule, state }: Alert): boolean =>
  rule === "rule_error" && state !== "resolved";

function lineOf(
  { id, region, rule, key, state, severity, atMs, message, by, late }: Alert,
  isMarked: boolean,
): string {
  const marks = [...(late ? ["late"] : []), ...(isMarked ? ["cannot be evaluated"] : [])];
  const shown = by === undefined ? state : `${state} by ${by}`;
  return [
    instant(atMs),
    id.slice(0, 8),
    region,
    rule,
    key,
    marks.length === 0 ? shown : `${shown} (${marks.join(", ")})`,
    severity,
    message,
  ].join("  ");
}

/** @throws AppError `CONFIG_INVALID` if no alert, or more than one, is meant. */
async function firingAlert(connection: NatsConnection, id: string): Promise<Alert> {
  const found = (await latestAlerts(connection, undefined)).filter((alert) =>
    alert.id.startsWith(id),
  );
  const [alert, another] = found;
  if (!alert) throw refused(`there is no alert ${id}`);
  if (another) throw refused(`${id} is the beginning of ${found.length} alerts: say more of it`);
  if (alert.region === HUB || alert.rule.includes("_"))
    throw refused(`${alert.rule} is no rule of yours: it ends by itself`);
  if (alert.state !== "firing") throw refused(`alert ${alert.id} is ${alert.state}, not firing`);
  return alert;
}
