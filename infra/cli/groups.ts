import type { Command } from "commander";
import { telemetryStream } from "../../contracts/names/subjects.ts";
import { logFilter, parseLogFilter } from "../../contracts/names/topics.ts";
import { count } from "../../cloud/operations/words.ts";
import { refused } from "../../cloud/operations/refused.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { removeGroup, storedGroups } from "../../platform/nats/lanes/group-places.ts";
import type { Place } from "./kit/addresses.ts";
import { withNats } from "./kit/connection.ts";
import { type Say, example, place } from "./kit/options.ts";
import { UsageError } from "./kit/usage-error.ts";

interface RegionPlace extends Place {
  readonly region: string;
}

/** Adds `groups list` and `groups remove`. */
export function addGroupsCommand(program: Command, say: Say): void {
  const groups = program
    .command("groups")
    .description("Groups of MQTT clients that read a region's log, with their places in it.");
  const inRegion = (command: Command): Command =>
    place(command.requiredOption("--region <name>", "eu, us, …"), "the region's");

  example(inRegion(groups.command("list")), "groups list --region eu")
    .description("List the groups of a region, what they read, and how far behind they are.")
    .option("--json", "one JSON object a line", false)
    .action(async (options: RegionPlace & { json: boolean }) => {
      const { region, json } = options;
      const { found, lastSeq } = await withNats(options, region, async (nats) => ({
        found: await storedGroups(nats),
        lastSeq: (await new Streams(nats).state(telemetryStream(region))).lastSeq,
      }));
      for (const { group, filter, place: at } of found) {
        const behind = Math.max(0, lastSeq - at.seq);
        const lost = at.lostFrames;
        if (json) say(JSON.stringify({ group, filter, behind, ...at }));
        else
          say(
            `${group}  ${filter}  ${count(behind, "frame")} behind` +
              (lost > 0 ? `, ${count(lost, "frame")} lost to retention` : ""),
          );
      }
      if (found.length === 0 && !json) say("no groups");
    });

  example(
    inRegion(groups.command("remove")),
    "groups remove reports '$log/temperature' --region eu",
  )
    .description("Forget the place of a group; one that still has members begins anew, now.")
    .argument("<group>", "its name, the first column of the list")
    .argument("<filter>", "what it reads, the second column")
    .action(async (group: string, filter: string, options: RegionPlace) => {
      const parsed = parseLogFilter(filter);
      if (!parsed)
        throw new UsageError(
          `"${filter}" is no filter such as $log/temperature or $log/+/boiler-7`,
        );
      const of = { group, filter: logFilter(parsed) };
      const isGone = await withNats(options, options.region, (nats) =>
        removeGroup(nats, options.region, of),
      );
      if (!isGone) throw refused(`there is no group "${group}" that reads ${of.filter}`);
      say(`${group} is removed`);
    });
}
