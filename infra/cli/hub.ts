import type { Command } from "commander";
import { recoverHub } from "../../cloud/operations/hub/recover.ts";
import { refused } from "../../cloud/operations/refused.ts";
import { HUB } from "../../platform/nats/topology/topology.ts";
import { type Say, example } from "./kit/options.ts";
import { Progress } from "./kit/progress.ts";
import { type ServerFlags, openServers, servers } from "./kit/servers.ts";

/** `skerry hub recover`: one history again of what the hub lost and the regions have seen. */
export function addHubCommand(program: Command, say: Say): void {
  const hub = program
    .command("hub")
    .description("Recover a hub that lost records which regions have seen.");
  servers(
    example(
      hub.command("recover"),
      "hub recover --hub nats://admin@hub:4222 --region eu=nats://admin@eu:4222 --region us=nats://admin@us:4222",
    ).description(
      "Merge the devices, rules, contracts, commands and the rest that hub and regions have, write them again, make the " +
        "regions' copies anew, and take the fence away. It may be repeated, and a region that is away now may come later.",
    ),
  ).action(async (flags: ServerFlags) => {
    await using open = await openServers(flags, (domain) => domain !== HUB);
    const { [HUB]: connection, ...regions } = open.connections;
    if (!connection) throw refused("say which server is the hub: --hub nats://admin@host:port");
    using progress = new Progress("recovering the hub", null);
    await recoverHub(
      { hub: connection, regions },
      {
        at: (now) => progress.at(now),
        say: (line) => {
          progress.clear();
          say(line);
        },
      },
    );
    for (const region of open.away)
      say(`${region} did not answer: if it has seen more, the hub is fenced again when it is back`);
  });
}
