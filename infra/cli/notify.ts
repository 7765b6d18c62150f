import { Argument, type Command } from "commander";
import { NOTIFIER_PLACES, type NotifierPlace } from "../../contracts/messages/notification.ts";
import { HUB } from "../../platform/nats/topology/topology.ts";
import type { Place } from "./kit/addresses.ts";
import { withNats } from "./kit/connection.ts";
import { type Say, example, parseCount, place } from "./kit/options.ts";
import { Progress } from "./kit/progress.ts";
import { UsageError } from "./kit/usage-error.ts";
import { refused } from "../../cloud/operations/refused.ts";
import { count } from "../../cloud/operations/words.ts";
import { assign, assignmentLines } from "./notify/assign.ts";
import { deadLetterLines, retryDeadLetters } from "./notify/dead.ts";

/** `skerry notify assign|status|dead`: who tells people of alerts, and what could not be told. */
export function addNotifyCommand(program: Command, say: Say): void {
  const notify = program
    .command("notify")
    .description(
      "Notifications of alerts: which place sends them, and those that could not be delivered.",
    );

  example(place(notify.command("assign")), "notify assign eu region")
    .description(
      "Let a region's alerts be told by the notifier at the hub, or by the one in the region.",
    )
    .argument("<region>", "eu, us, …")
    .addArgument(new Argument("<place>", "where the notifier is").choices(NOTIFIER_PLACES))
    .option("--force", "also if the region cannot be reached: alerts may be told twice", false)
    .action((region: string, to: NotifierPlace, options: Place & { force: boolean }) =>
      withNats(options, HUB, async (hub) =>
        say(await assign(hub, { region, to, force: options.force })),
      ),
    );

  example(place(notify.command("status")), "notify status")
    .description("Say where each region's alerts are told, one line each.")
    .action((options: Place) =>
      withNats(options, HUB, async (hub) => {
        for (const line of await assignmentLines(hub)) say(line);
      }),
    );

  const dead = notify.command("dead").description("Messages that their channel did not take.");
  const at = (command: Command): Command =>
    place(command, "its").requiredOption(
      "--at <domain>",
      "where the notifier runs: hub, eu, us, …",
    );

  example(at(dead.command("list")), "notify dead list --at hub")
    .description("List the messages that were given up, one line each, oldest first.")
    .action((options: Place & { at: string }) =>
      withNats(options, options.at, async (nats) => {
        const lines = await deadLetterLines(nats, options.at);
        for (const line of lines) say(line);
        if (lines.length === 0) say("no dead letters");
      }),
    );

  example(
    at(dead.command("retry")),
    "notify dead retry 17 --at hub",
    "notify dead retry --all --at hub",
  )
    .description("Hand messages to the notifier again, under the same message ids.")
    .argument("[seq]", "the message's sequence, the first column of the list", parseCount)
    .option("--all", "all of them", false)
    .action((seq: number | undefined, options: Place & { at: string; all: boolean }) => {
      if ((seq !== undefined) === options.all) throw new UsageError("say a sequence or --all");
      return withNats(options, options.at, async (nats) => {
        using progress = new Progress("handing messages on", null);
        const report = (more: number, total: number): void => {
          progress.expect(total);
          progress.step(more);
        };
        const moved = await retryDeadLetters(nats, options.at, seq ?? null, report);
        progress.clear();
        if (moved === 0 && seq !== undefined) throw refused(`there is no dead letter ${seq}`);
        say(`${count(moved, "message")} to be sent again`);
      });
    });
}
