// Commands at the hub: writing one once, and finding out what became of them.
import { isNotPermitted } from "../../../platform/nats/client/errors.ts";
import canonicalize from "canonicalize";
import { type Command, type Reply, checkCommand } from "../../../contracts/messages/command.ts";
import {
  COMMANDS_STREAM,
  commandFilter,
  repliesStream,
  replyFilter,
} from "../../../contracts/names/subjects.ts";
import type { CommandAddress } from "../../../contracts/names/topics.ts";
import type { NatsConnection } from "../../../platform/nats/client/connection.ts";
import { refuseIfFenced } from "../../../platform/nats/client/fence.ts";
import { jsonOf } from "../../../platform/nats/client/payload.ts";
import { publishExpecting, publisherOn } from "../../../platform/nats/client/publish.ts";
import { sealed } from "../../../platform/nats/signed/seal.ts";
import { applyStored } from "../../../platform/nats/client/stored.ts";
import { Streams } from "../../../platform/nats/client/streams.ts";
import { regionsOf } from "../../../platform/nats/lanes/copies.ts";
import { AppError, messageOf } from "../../../platform/runtime/errors.ts";
import { makeLogger } from "../../../platform/runtime/logger.ts";
import { refused } from "../refused.ts";
import { instant } from "../words.ts";

const SILENT = makeLogger({}, "silent");
const READ_WITHIN_MS = 60_000;

/** @throws AppError `CONFIG_INVALID` unless the connection is to a hub that has the stream. */
export async function checkHub(hub: NatsConnection): Promise<void> {
  const stream = await new Streams(hub).find(COMMANDS_STREAM);
  if (!stream) throw refused(`there is no stream ${COMMANDS_STREAM}: npx skerry topology apply`);
  if (stream.mirror) throw refused("commands are issued at the hub only: say the hub's URL");
}

/**
 * Writes a command, once: the same device and id again is refused, unless payload and lifetime are
 * the same, so that whoever did not hear the answer can ask again.
 * @returns the command as stored.
 * @throws AppError `CONFIG_INVALID` if it differs from the stored one; `NATS_UNAVAILABLE` if nobody
 *   answered: it may be stored, and sending it again under the same id finds out.
 */
export async function issue(hub: NatsConnection, command: Command): Promise<Command> {
  await refuseIfFenced(hub);
  const message = { subject: commandFilter(command), data: Buffer.from(JSON.stringify(command)) };
  try {
    const headers = await sealed(hub, { ...message, stream: COMMANDS_STREAM }, true);
    const sent = { ...message, headers };
    const seq = await publishExpecting(publisherOn(hub), sent, { ofSubject: 0 });
    if (seq !== null) return command;
  } catch (cause) {
    if (isNotPermitted(cause)) throw cause; // It is known, then.
    throw new AppError(
      "NATS_UNAVAILABLE",
      "retry",
      `it is not known whether the command is stored; send it again with --id ${command.id}: ${messageOf(cause)}`,
      { cause },
    );
  }
  const stored = await newest<Command>(hub, COMMANDS_STREAM, commandFilter(command));
  if (!stored || !isSame(stored, command))
    throw refused(
      `device "${command.device}" has another command with id "${command.id}", issued by ` +
        `${stored?.by ?? "nobody"} at ${instant(stored?.issuedAtMs ?? 0)}`,
    );
  return stored;
}

const isSame = (a: Command, b: Command): boolean =>
  canonicalize(a.payload) === canonicalize(b.payload) &&
  a.expiresAtMs - a.issuedAtMs === b.expiresAtMs - b.issuedAtMs;

/** The newest commands, oldest first, each with the newest reply of any region, or null. */
export async function findCommands(
  hub: NatsConnection,
  of: Partial<CommandAddress>,
  limit: number,
): Promise<{ command: Command; reply: Reply | null }[]> {
  const found: Command[] = [];
  const slice = { stream: COMMANDS_STREAM, subject: commandFilter(of), from: 1 };
  const collect = ({ data }: { data: Uint8Array }): void => {
    const command = readable(data);
    if (command) found.push(command);
    if (found.length > limit) found.shift();
  };
  const signal = AbortSignal.timeout(READ_WITHIN_MS);
  await applyStored({ connection: hub, logger: SILENT }, slice, collect, signal);
  const regions = await regionsOf(new Streams(hub));
  return Promise.all(
    found.map(async (command) => ({ command, reply: await replyTo(hub, command, regions) })),
  );
}

async function replyTo(
  hub: NatsConnection,
  { device, id }: CommandAddress,
  regions: readonly string[],
): Promise<Reply | null> {
  let latest: Reply | null = null;
  for (const region of regions) {
    const subject = replyFilter({ region, device, id });
    const reply = await newest<Reply>(hub, repliesStream(region), subject);
    if (reply && reply.receivedAtMs > (latest?.receivedAtMs ?? -1)) latest = reply;
  }
  return latest;
}

async function newest<T>(hub: NatsConnection, stream: string, subject: string): Promise<T | null> {
  const message = await new Streams(hub).newest(stream, subject);
  try {
    return message && jsonOf<T>(message.data);
  } catch {
    return null; // Nobody's program wrote it.
  }
}

/** Null for what somebody wrote there that is no command: gateways log it. */
function readable(data: Uint8Array): Command | null {
  try {
    return checkCommand(jsonOf(data));
  } catch {
    return null;
  }
}
