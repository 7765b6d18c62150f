import { randomUUID } from "node:crypto";
import { userInfo } from "node:os";
import { type Command as CommandLine, InvalidArgumentError } from "commander";
import type { NatsConnection } from "nats";
import {
  COMMANDS_KEPT_MS,
  type Command,
  type Reply,
  checkCommand,
  commandState,
} from "../../contracts/messages/command.ts";
import { connectNats } from "../../platform/nats/client/connect.ts";
import { as } from "../../platform/runtime/config.ts";
import { messageOf } from "../../platform/runtime/errors.ts";
import { SILENT, checkHub, findCommands, issue, refused } from "./commands-store.ts";
import { natsTarget } from "./target.ts";

const CONNECT_WITHIN_MS = 5_000;
const REPLY_SHOWN_CHARS = 200;

interface Place {
  readonly nats?: string;
  readonly dataDir: string;
}

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
export function addCommandsCommand(program: CommandLine, say: (line: string) => void): void {
  const commands = program
    .command("commands")
    .description("commands to devices: stored at the hub, delivered in the device's region");
  const place = (command: CommandLine): CommandLine =>
    command
      .option("--nats <url>", "the hub's nats-server, nats://user:password@host:port")
      .option("--data-dir <dir>", "of the local installation", ".skerry");

  place(commands.command("send"))
    .description("store a command for a device and print its id; an offline device gets it later")
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

  place(commands.command("status"))
    .description("queued, delivered (the device answered) or expired; the newest, oldest first")
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
          say(
            JSON.stringify(
              found.map((one) => reportOf(one, nowMs)),
              null,
              2,
            ),
          );
        else if (found.length === 0) say("no commands");
        else for (const one of found) say(lineOf(one, nowMs));
      }),
    );
}

/** @throws AppError `COMMAND_REFUSED` naming what is wrong with it. */
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
  const at = (ms: number): string => new Date(ms).toISOString();
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

/** On one line, and without control characters: those could rewrite the terminal. */
const shown = (reply: Reply): string =>
  JSON.stringify(payloadOf(reply)).replace(/\p{C}/gu, "\uFFFD").slice(0, REPLY_SHOWN_CHARS);

async function withHub(place: Place, use: (hub: NatsConnection) => Promise<void>): Promise<void> {
  const target = { url: natsTarget(place, "hub"), name: "skerry commands" };
  const hub = await connectNats(target, SILENT, AbortSignal.timeout(CONNECT_WITHIN_MS));
  try {
    await checkHub(hub);
    await use(hub);
  } finally {
    await hub.close();
  }
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return "unknown"; // A container may run as a user that has no name.
  }
}

const parseJson = (raw: string): unknown => orInvalid(() => JSON.parse(raw) as unknown);

const parseCount = (raw: string): number => orInvalid(() => as.integer(1)(raw));

/** Milliseconds. */
const parseExpiry = (raw: string): number =>
  orInvalid(() => {
    const ms = Math.round(as.durationMs(raw));
    if (ms === 0 || ms > COMMANDS_KEPT_MS) throw new Error("must be more than 0 and at most 30d");
    return ms;
  });

function orInvalid<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new InvalidArgumentError(messageOf(error));
  }
}
