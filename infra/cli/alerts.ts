import type { Command } from "commander";
import type { Alert } from "../../contracts/messages/alert.ts";
import { HUB } from "../../platform/nats/topology/topology.ts";
import { acknowledge, firingAlert } from "../../cloud/operations/alerts/acknowledge.ts";
import { latestAlerts } from "../../cloud/operations/alerts/latest.ts";
import type { Place } from "./kit/addresses.ts";
import { withNats } from "./kit/connection.ts";
import { type Say, example, place } from "./kit/options.ts";
import { userName } from "./kit/user-name.ts";
import { instant } from "../../cloud/operations/words.ts";

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
    .option("--by <name>", "who you are", userName())
    .action((id: string, flags: Place & { by: string }) =>
      withNats(flags, HUB, async (connection) => {
        const alert = await firingAlert(connection, id);
        await acknowledge(connection, alert, flags.by);
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
