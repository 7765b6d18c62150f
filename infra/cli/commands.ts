import { printable } from "../../platform/runtime/printable.ts";
import { randomUUID } from "node:crypto";
import type { Command as CommandLine } from "commander";
import {
  COMMANDS_KEPT_MS,
  type Command,
  type Reply,
  checkCommand,
  commandState,
} from "../../contracts/messages/command.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { HUB } from "../../platform/nats/topology/topology.ts";
import { as } from "../../platform/runtime/config.ts";
import { messageOf } from "../../platform/runtime/errors.ts";
import { checkHub, findCommands, issue } from "../../cloud/operations/commands/store.ts";
import { sayJson } from "./kit/output.ts";
import type { Place } from "./kit/addresses.ts";
import { withNats } from "./kit/connection.ts";
import { type Say, example, parseCount, parser, place } from "./kit/options.ts";
import { userName } from "./kit/user-name.ts";
import { refused } from "../../cloud/operations/refused.ts";
import { instant } from "../../cloud/operations/words.ts";

const REPLY_SHOWN_CHARS = 200;

interface SendFlags extends Place {
  readonly payload: unknown;
  readonly expires: number;
  readonly id?: string;
  readonly by: string;
}

interface StatusFlags extends Place {
  readonly device?: string;
  readonly json: boolean;
  readonly limit: number;
}

/** `skerry commands send|status`: to a device in any region, and what became of it. */
export function addCommandsCommand(program: CommandLine, say: Say): void {
  const commands = program
    .command("commands")
    .description("Commands to devices: stored at the hub, delivered in the device's region.");

  example(
    place(commands.command("send")),
    `commands send pump-1 --payload '{"open":true}' --expires 1h`,
  )
    .description("Store a command for a device and print its id; an offline device gets it later.")
    .argument("<device>")
    .requiredOption("--payload <json>", "what the device gets", parseJson)
    .option(
      "--expires <duration>",
      "how long it waits for the device: 30s, 1h, 30d",
      parseExpiry,
      3_600_000,
    )
    .option("--id <id>", "its id, to send it again safely; the device's reply names it")
    .option("--by <name>", "who issues it", userName())
    .action((device: string, flags: SendFlags) =>
      withHub(flags, async (hub) => say((await issue(hub, commandOf(device, flags))).id)),
    );

  example(place(commands.command("status")), "commands status --device pump-1")
    .description(
      "Say what became of the newest commands, oldest first: queued, delivered (the device answered) or expired.",
    )
    .argument("[id]", "only of this command")
    .option("--device <id>", "only of this device")
    .option("--json", "as a JSON array", false)
    .option("--limit <n>", "how many", parseCount, 50)
    .action((id: string | undefined, flags: StatusFlags) =>
      withHub(flags, async (hub) => {
        const { device, limit, json } = flags;
        const of = {
          ...(id === undefined ? {} : { id }),
          ...(device === undefined ? {} : { device }),
        };
        const found = await findCommands(hub, of, limit);
        if (found.length === 0 && id !== undefined) throw refused(`there is no command "${id}"`);
        const nowMs = Date.now();
        if (json)
          sayJson(
            say,
            found.map((one) => reportOf(one, nowMs)),
          );
        else if (found.length === 0) say("no commands");
        else for (const one of found) say(lineOf(one, nowMs));
      }),
    );
}

/** @throws AppError `CONFIG_INVALID` naming what is wrong with it. */
function commandOf(device: string, flags: SendFlags): Command {
  const { payload, expires, id = randomUUID(), by } = flags;
  const issuedAtMs = Date.now();
  try {
    return checkCommand({ id, device, payload, issuedAtMs, expiresAtMs: issuedAtMs + expires, by });
  } catch (error) {
    throw refused(messageOf(error), error);
  }
}

interface Found {
  readonly command: Command;
  readonly reply: Reply | null;
}

function reportOf({ command, reply }: Found, nowMs: number): object {
  const state = commandState(command, reply, nowMs);
  if (!reply) return { ...command, state, reply: null };
  const { region, receivedAtMs, payload: base64 } = reply;
  return { ...command, state, reply: { region, receivedAtMs, payload: payloadOf(reply), base64 } };
}

function lineOf({ command, reply }: Found, nowMs: number): string {
  const { id, device, expiresAtMs } = command;
  const state = commandState(command, reply, nowMs);
  const at = (ms: number): string => instant(ms);
  const more = reply
    ? `in ${reply.region} at ${at(reply.receivedAtMs)}: ${shown(reply)}`
    : `${state === "queued" ? "until" : "at"} ${at(expiresAtMs)}`;
  return `${id} ${device} ${state} ${more}`;
}

/** JSON if it is JSON, else its text; bytes that are no text are told by replacement characters. */
function payloadOf(reply: Reply): unknown {
  const text = Buffer.from(reply.payload, "base64").toString("utf8");
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The reply on one line. */
const shown = (reply: Reply): string =>
  printable(JSON.stringify(payloadOf(reply))).slice(0, REPLY_SHOWN_CHARS);

const withHub = (at: Place, work: (hub: NatsConnection) => Promise<void>): Promise<void> =>
  withNats(at, HUB, async (hub) => {
    await checkHub(hub);
    await work(hub);
  });

const parseJson = parser((raw): unknown => JSON.parse(raw));

/** Milliseconds. */
const parseExpiry = parser((raw) => {
  const ms = Math.round(as.durationMs(raw));
  if (ms === 0 || ms > COMMANDS_KEPT_MS) throw new Error("must be more than 0 and at most 30d");
  return ms;
});
