// Commands of one gateway: the region's copy of stream COMMANDS and the actions of its alerts become
// open commands; replies close them. Everything is read in the region, so the WAN is in no path.
//
// G1. One message is worked on at a time, over all three streams. So a reply that was stored before a
//     command is offered is found by asking for it, and one stored later is read later.
// G2. Replies are read from where the stream stood before the first command was read.
// G3. What an alert commands is done only if an engine of the region has signed it, where keys say who that is.
// G4. A message that is none, or that no topic can carry, is set aside, and costs no other one.
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { type Alert, isAlertState } from "../../contracts/messages/alert.ts";
import { checkCommand } from "../../contracts/messages/command.ts";
import { inKnownFormat } from "../../contracts/messages/format.ts";
import type { SetAsideKind, SetAsideRecord } from "../../contracts/messages/set-aside.ts";
import {
  COMMANDS_STREAM,
  COMMANDS_SUBJECTS,
  alertSubjects,
  alertsStream,
  commandFilter,
  repliesStream,
  replyFilter,
  replySubjects,
} from "../../contracts/names/subjects.ts";
import { type CommandAddress, parseCommandTopic } from "../../contracts/names/topics.ts";
import { unescapeToken } from "../../contracts/names/token.ts";
import type { LogEntry } from "../../platform/nats/client/log-entry.ts";
import { readSlice } from "../../platform/nats/client/stream-reader.ts";
import { jsonOf } from "../../platform/nats/client/payload.ts";
import { publisherOn } from "../../platform/nats/client/publish.ts";
import { guardOf } from "../../platform/nats/signed/record-guard.ts";
import type { SettingAside } from "../../platform/nats/lanes/set-aside.ts";
import { applyStored, newestSequence } from "../../platform/nats/client/stored.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { sleep } from "../../platform/runtime/backoff.ts";
import { isOfRecord, messageOf } from "../../platform/runtime/errors.ts";
import type { Logger } from "../../platform/runtime/logger.ts";
import type { Message, Settle } from "../ingest/message.ts";
import { actionsOf, stepsThatCount } from "./alert-commands.ts";
import type { EngineGuard } from "./engine-guard.ts";
import { CommandTopics, type RetainedTopics } from "./command-topics.ts";
import { ReplyLog } from "./reply-log.ts";

const EXPIRE_EVERY_MS = 1_000;

export interface CommandsParts {
  /** Connection to the region's nats-server. */
  readonly connection: NatsConnection;
  readonly region: string;
  /** Absent: commands of every alert are sent. */
  readonly engines?: EngineGuard | undefined;
  readonly setAside: SettingAside;
  readonly logger: Logger;
  /** Epoch ms. */
  readonly clock: () => number;
  readonly signal: AbortSignal;
}

interface Followed {
  readonly stream: string;
  readonly subject: string;
  /** Resolves to what is wrong with the entry, or null. */
  readonly apply: (entry: LogEntry) => Promise<string | null>;
}

/** A fault of a message, and not of ours. */
class RecordProblem extends Error {
  override readonly name = "RecordProblem";
  readonly reason: "unreadable" | "unpublishable" | "unverified";

  constructor(reason: RecordProblem["reason"], message: string) {
    super(message);
    this.reason = reason;
  }
}

export class Commands {
  readonly #parts: CommandsParts;
  readonly #topics: CommandTopics;
  readonly #replies: ReplyLog;
  readonly #sources: readonly [replies: Followed, commands: Followed, alerts: Followed];
  /** Sequence to go on reading from, by stream. */
  readonly #from = new Map<string, number>();
  /** G1. The work on the message before. */
  #turn: Promise<void> = Promise.resolve();

  constructor(parts: CommandsParts) {
    const { connection, region, setAside, logger, clock, signal } = parts;
    this.#parts = parts;
    const stream = repliesStream(region);
    const guard = guardOf(connection) ?? parts.engines;
    this.#topics = new CommandTopics({
      clock,
      logger,
      done: guard && {
        has: (address) => guard.isFinished(commandFilter(address)),
        add: (command) => guard.finish(commandFilter(command), command.expiresAtMs),
      },
      answered: async (address) =>
        (await newestSequence(
          { connection, logger },
          { stream, subject: replyFilter({ region, ...address }) },
          signal,
        )) > 0,
    });
    this.#replies = new ReplyLog({
      publisher: publisherOn(connection),
      region,
      setAside,
      clock,
      signal,
      onStored: (address) => this.#topics.close(address),
    });
    this.#sources = [
      {
        stream,
        subject: replySubjects(region),
        apply: (entry) => this.#guarded("reply", entry, () => this.#onReply(entry)),
      },
      {
        stream: COMMANDS_STREAM,
        subject: COMMANDS_SUBJECTS,
        apply: (entry) => this.#guarded("command", entry, () => this.#onCommand(entry)),
      },
      {
        stream: alertsStream(region),
        subject: alertSubjects(region),
        apply: (entry) => this.#guarded("alert", entry, () => this.#onAlert(entry)),
      },
    ];
  }

  get status(): { open: number; refused: number; repliesStored: number } {
    const { open, refused } = this.#topics;
    return { open, refused, repliesStored: this.#replies.stored };
  }

  /**
   * Takes a message that its sender is allowed, if it is a reply or a command; false if it is neither.
   * A command that comes over MQTT is forwarded to its subscribers and stored nowhere: what has to
   * survive is written to the stream.
   */
  take(message: Message, settle: Settle): boolean {
    if (this.#replies.take(message, settle)) return true;
    if (!parseCommandTopic(message.topic)) return false;
    settle(null);
    return true;
  }

  /** Reads what is stored and puts the retained commands right, before any client is let in. */
  async prepare(topics: RetainedTopics): Promise<void> {
    const { signal } = this.#parts;
    const [replies, ...others] = this.#sources;
    this.#from.set(replies.stream, (await newestSequence(this.#parts, replies, signal)) + 1); // G2
    for (const { stream, subject, apply } of others) {
      const slice = { stream, subject, from: "last-per-subject" } as const;
      this.#from.set(stream, await applyStored(this.#parts, slice, apply, signal));
    }
    await this.#topics.show(topics);
    this.#parts.logger.info({ open: this.#topics.open }, "commands open");
  }

  /** Follows the streams until `signal` aborts; after `prepare`. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([
      ...this.#sources.map((source) => this.#follow(source, signal)),
      this.#expire(signal),
    ]);
  }

  async #follow({ stream, subject, apply }: Followed, signal: AbortSignal): Promise<void> {
    const { connection, logger } = this.#parts;
    const slice = { stream, subject, from: this.#from.get(stream)! };
    try {
      for await (const entry of readSlice(connection, slice, logger, signal)) {
        this.#turn = this.#turn.then(async () => void (await apply(entry))); // G1
        await this.#turn;
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async #expire(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(EXPIRE_EVERY_MS, signal);
      this.#topics.expire();
    }
  }

  /** G4. Resolves to what is wrong with the entry, or null. */
  async #guarded(
    kind: SetAsideKind,
    entry: LogEntry,
    work: () => Promise<void> | void,
  ): Promise<string | null> {
    try {
      await work();
      return null;
    } catch (error) {
      if (!isOfRecord(error)) throw error;
      const reason = error instanceof RecordProblem ? error.reason : "failed";
      const { seq, subject, data } = entry;
      const place = { stream: this.#streamOf(kind), subject, seq };
      this.#parts.setAside.note({ kind, reason, why: error, place, data });
      return messageOf(error);
    }
  }

  #streamOf(kind: SetAsideKind): string {
    const [replies, commands, alerts] = this.#sources;
    return (kind === "reply" ? replies : kind === "command" ? commands : alerts).stream;
  }

  /** Works on a message again that was set aside; null if it is right now, or gone. */
  async retry({ kind, place }: SetAsideRecord): Promise<string | null> {
    const source = this.#sources.find(({ stream }) => stream === place.stream);
    if (!source || place.seq === undefined) return `there is no ${kind} at ${place.stream}`;
    const entry = await new Streams(this.#parts.connection).at(place.stream, place.seq);
    if (!entry) return null;
    const turn = this.#turn.then(() => source.apply(entry)); // G1
    this.#turn = turn.then(() => undefined);
    return turn;
  }

  async #onCommand(entry: LogEntry): Promise<void> {
    const why = guardOf(this.#parts.connection)?.verify(COMMANDS_STREAM, entry) ?? null;
    if (why !== null) throw new RecordProblem("unverified", why);
    const command = readable(entry, checkCommand);
    const { device, id, expiresAtMs, payload } = command;
    await this.#topics.offer({ device, id, expiresAtMs, payload: JSON.stringify(payload) });
  }

  #onReply({ subject }: Pick<LogEntry, "subject">): void {
    const [, , device = "", id = ""] = subject.split(".");
    const address: CommandAddress = { device: unescapeToken(device), id: unescapeToken(id) };
    this.#topics.close(address);
  }

  async #onAlert(entry: LogEntry): Promise<void> {
    const alert = readable(entry, checkAlert);
    const { subject } = entry;
    const steps = alert.state === "acknowledged" ? await this.#stepsUpTo(entry) : [alert];
    const actions = stepsThatCount(steps).map(actionsOf);
    const commands = actions.flatMap((each) => each.commands);
    const { engines, clock } = this.#parts;
    if (engines && (commands.length > 0 || this.#topics.hasOpenOf(subject))) {
      const why = engines.judgeNewest(entry, clock()); // G3
      if (why !== null) throw new RecordProblem("unverified", `its commands are not sent: ${why}`);
    }
    await this.#topics.act(subject, commands);
    const problems = actions.flatMap((each) => each.problems);
    if (problems.length > 0) throw new RecordProblem("unpublishable", problems.join("; "));
  }

  /** The steps of one rule and key, up to one of them. */
  async #stepsUpTo({ subject, seq }: LogEntry): Promise<Alert[]> {
    const steps: Alert[] = [];
    const { engines } = this.#parts;
    const slice = { stream: alertsStream(this.#parts.region), subject, from: 1 };
    const collect = (entry: LogEntry): void => {
      // A step that is none, or is forged, was set aside when it came.
      if (entry.seq > seq || !isAlert(entry)) return;
      if (!engines || engines.whyForged(entry) === null) steps.push(readable(entry, checkAlert));
    };
    await applyStored(this.#parts, slice, collect, this.#parts.signal);
    return steps;
  }
}

/** @throws RecordProblem */
function readable<T>({ data }: Pick<LogEntry, "data">, check: (value: unknown) => T): T {
  try {
    return check(jsonOf(data));
  } catch (error) {
    throw new RecordProblem("unreadable", messageOf(error));
  }
}

/** @throws Error if its commands could not be told by it. */
function checkAlert(value: unknown): Alert {
  const alert = inKnownFormat("alert", value as Partial<Alert> | null);
  if (typeof alert?.id !== "string" || !isAlertState(alert.state))
    throw new Error("it is no alert: it has no id and state");
  if (alert.commands !== undefined && !Array.isArray(alert.commands))
    throw new Error("/commands is no array");
  return alert as Alert;
}

function isAlert(entry: LogEntry): boolean {
  try {
    readable(entry, checkAlert);
    return true;
  } catch {
    return false;
  }
}
