// Open commands as retained messages on their topics, so that a device hears those that wait for it
// when it subscribes.
//
// J1. Nothing is published before `show`; from then on a command is retained exactly while it is open.
// J2. A command that is retained already with the same payload is left alone: subscribers do not hear
//     it again.
// J3. A command that was answered is never offered: `answered` asks the stream of replies first, and where records
//     are signed `done` still knows when somebody has emptied that stream.
import { COMMAND_TOPICS, type CommandAddress, commandTopic } from "../../contracts/names/topics.ts";
import type { Logger } from "../../platform/runtime/logger.ts";
import { type OpenCommand, OpenCommands } from "./open-commands.ts";

/** Open commands of a region, over all devices; each takes a retained topic. */
export const COMMANDS_OPEN_MAX = 10_000;

/** Topics whose newest message is kept for later subscribers, as a broker offers them. */
export interface RetainedTopics {
  /** @param options `expirySeconds`, fractions included: nobody gets it later than that. */
  publish(
    topic: string,
    payload: string,
    options: { retain: true; expirySeconds: number },
  ): Promise<void>;
  /** Forgets what is retained there; subscribers hear nothing. */
  unretain(topic: string): void;
  /** Payloads that the gateway itself retains and that have not expired, by matching topic. */
  retained(filter: string): ReadonlyMap<string, Buffer>;
}

/** Commands that were answered, until they expire. */
export interface DoneCommands {
  has(address: CommandAddress): boolean;
  add(command: Pick<OpenCommand, "device" | "id" | "expiresAtMs">): void;
}

export interface CommandTopicsParts {
  /** True if the region's replies hold one to this command. */
  readonly answered: (address: CommandAddress) => Promise<boolean>;
  readonly done?: DoneCommands | undefined;
  /** Epoch ms. */
  readonly clock: () => number;
  readonly logger: Logger;
  readonly openMax?: number;
}

export class CommandTopics {
  readonly #parts: CommandTopicsParts;
  readonly #open: OpenCommands;
  #topics: RetainedTopics | null = null;
  /** Commands that were not shown because too many were open, since the start. */
  refused = 0;

  constructor(parts: CommandTopicsParts) {
    this.#parts = parts;
    this.#open = new OpenCommands(parts.openMax ?? COMMANDS_OPEN_MAX);
  }

  get open(): number {
    return this.#open.size;
  }

  /** Opens a command of the cloud's, or an action of the alert `source`. */
  async offer(command: OpenCommand, source?: string): Promise<void> {
    const { clock, logger, answered, done } = this.#parts;
    const { device, id, expiresAtMs } = command;
    if (expiresAtMs <= clock() || this.#open.has(command)) return;
    if (await answered(command)) return done?.add(command); // J3
    if (done?.has(command)) {
      logger.error(
        { device, id },
        "a command was answered, and its answer is gone: not sent again",
      );
      return;
    }
    const outcome = this.#open.offer(command, clock(), source);
    if (outcome === "refused") {
      this.refused += 1;
      const openMax = this.#open.size;
      logger.error({ device, id, openMax }, "too many commands are open: this one is not sent");
    } else if (outcome === "opened") {
      logger.debug({ device, id }, "command open");
      await this.#retain(command);
    }
  }

  /** True if commands of this alert are open. */
  hasOpenOf(source: string): boolean {
    return this.#open.hasOpenOf(source);
  }

  /** Puts the commands of an alert's newest step in place of those of its earlier ones. */
  async act(source: string, commands: readonly OpenCommand[]): Promise<void> {
    for (const gone of this.#open.replace(source, commands)) this.#withdraw(gone);
    for (const command of commands) await this.offer(command, source);
  }

  /** Closes a command to which a reply is stored. */
  close(address: CommandAddress): void {
    const closed = this.#open.close(address);
    if (!closed) return;
    this.#parts.done?.add(closed); // J3
    this.#withdraw(address);
  }

  expire(): void {
    for (const command of this.#open.expire(this.#parts.clock())) this.#withdraw(command);
  }

  /** J1. Puts the topics right and keeps them so, once everything stored has been read. */
  async show(topics: RetainedTopics): Promise<void> {
    this.#topics = topics;
    this.expire();
    const open = new Set([...this.#open].map(commandTopic));
    for (const topic of topics.retained(COMMAND_TOPICS).keys())
      if (!open.has(topic)) topics.unretain(topic);
    for (const command of this.#open) await this.#retain(command);
  }

  async #retain(command: OpenCommand): Promise<void> {
    if (!this.#topics) return; // J1
    const topic = commandTopic(command);
    if (this.#topics.retained(topic).get(topic)?.toString() === command.payload) return; // J2
    const expirySeconds = (command.expiresAtMs - this.#parts.clock()) / 1000;
    if (expirySeconds <= 0) return;
    await this.#topics.publish(topic, command.payload, { retain: true, expirySeconds });
  }

  #withdraw(address: CommandAddress): void {
    this.#topics?.unretain(commandTopic(address));
  }
}
