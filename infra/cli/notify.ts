import type { Command } from "commander";
import type { NatsConnection } from "nats";
import { NOTIFIER_PLACES, type NotifierPlace } from "../../contracts/messages/notification.ts";
import { connectNats } from "../../platform/nats/client/connect.ts";
import { as } from "../../platform/runtime/config.ts";
import { AppError } from "../../platform/runtime/errors.ts";
import { makeLogger } from "../../platform/runtime/logger.ts";
import { assign, assignmentLines } from "./notify-assign.ts";
import { deadLetterLines, retryDeadLetters } from "./notify-dead.ts";
import { natsTarget } from "./target.ts";

const CONNECT_WITHIN_MS = 5_000;

interface Place {
  readonly nats?: string;
  readonly dataDir: string;
}

/** `skerry notify assign|status|dead`: who tells people of alerts, and what could not be told. */
export function addNotifyCommand(program: Command, say: (line: string) => void): void {
  const notify = program.command("notify").description("who tells people of a region's alerts");
  const place = (command: Command, whose: string): Command =>
    command
      .option("--nats <url>", `${whose} nats-server, nats://user:password@host:port`)
      .option("--data-dir <dir>", "of the local installation", ".skerry");

  place(notify.command("assign"), "the hub's")
    .description(
      "a region's alerts are told by the notifier at the hub, or by the one in the region",
    )
    .argument("<region>", "eu, us, …")
    .argument("<place>", NOTIFIER_PLACES.join(" or "))
    .option("--force", "also if the region cannot be reached: alerts may be told twice", false)
    .action(async (region: string, to: string, options: Place & { force: boolean }) => {
      if (!NOTIFIER_PLACES.includes(to as NotifierPlace))
        throw refused(`the place must be ${NOTIFIER_PLACES.join(" or ")}, not "${to}"`);
      const wanted = { region, to: to as NotifierPlace, force: options.force };
      await withNats(options, "hub", async (hub) => say(await assign(hub, wanted)));
    });

  place(notify.command("status"), "the hub's")
    .description("where each region's alerts are told, one line each")
    .action((options: Place) =>
      withNats(options, "hub", async (hub) => {
        for (const line of await assignmentLines(hub)) say(line);
      }),
    );

  const dead = notify.command("dead").description("messages that their channel did not take");
  const at = (command: Command): Command =>
    place(command, "its").requiredOption(
      "--at <domain>",
      "where the notifier runs: hub, eu, us, …",
    );

  at(dead.command("list"))
    .description("one line each, oldest first")
    .action((options: Place & { at: string }) =>
      withNats(options, options.at, async (nats) => {
        const lines = await deadLetterLines(nats, options.at);
        for (const line of lines) say(line);
        if (lines.length === 0) say("no dead letters");
      }),
    );

  at(dead.command("retry"))
    .description("hand them to the notifier again, under the same message ids")
    .argument("[seq]", "its sequence, the first column of the list")
    .option("--all", "all of them", false)
    .action((raw: string | undefined, options: Place & { at: string; all: boolean }) => {
      if ((raw !== undefined) === options.all) throw refused("say a sequence or --all");
      const seq = raw === undefined ? null : sequence(raw);
      return withNats(options, options.at, async (nats) => {
        const moved = await retryDeadLetters(nats, options.at, seq);
        if (moved === 0 && seq !== null) throw refused(`there is no dead letter ${seq}`);
        say(`${moved} ${moved === 1 ? "message" : "messages"} to be sent again`);
      });
    });
}

function sequence(raw: string): number {
  try {
    return as.integer(1)(raw);
  } catch (error) {
    throw refused(`the sequence ${(error as Error).message}`);
  }
}

const refused = (why: string): AppError => new AppError("CONFIG_INVALID", "fatal", why);

async function withNats(
  place: Place,
  domain: string,
  use: (nats: NatsConnection) => Promise<void>,
): Promise<void> {
  const target = { url: natsTarget(place, domain), name: "skerry notify" };
  const soon = AbortSignal.timeout(CONNECT_WITHIN_MS);
  const connection = await connectNats(target, makeLogger({}, "silent"), soon);
  try {
    await use(connection);
  } finally {
    await connection.close();
  }
}
