// Open commands as retained MQTT messages: what waits for a device reaches it when it subscribes.
//
// J1. Nothing is published before `show`; from then on a command is retained exactly while it is open.
// J2. What is retained already with the same payload is left alone: subscribers do not hear it again.
// J3. A command that was answered is never offered: `answered` asks the stream of replies first.
import { COMMAND_TOPICS, type CommandAddress, commandTopic } from "../../contracts/names/topics.ts";
import type { Logger } from "../../platform/runtime/logger.ts";
import type { RetainedTopics } from "../broker/broker.ts";
import { type OpenCommand, OpenCommands } from "./open-commands.ts";

/** Open commands of a region, over all devices; each takes a retained topic of the broker's. */
export const COMMANDS_OPEN_MAX = 10_000;

export interface ProjectionParts {
  /** Whether the region's replies hold one to it. */
  readonly answered: (of: CommandAddress) => Promise<boolean>;
  /** Epoch ms. */
  readonly clock: () => number;
  readonly logger: Logger;
  readonly openMax?: number;
}

export class CommandProjection {
  readonly #parts: ProjectionParts;
  readonly #open: OpenCommands;
  #broker: RetainedTopics | null = null;
  /** Commands that were not projected because too many were open, since the start. */
  refused = 0;

  constructor(parts: ProjectionParts) {
    this.#parts = parts;
    this.#open = new OpenCommands(parts.openMax ?? COMMANDS_OPEN_MAX);
  }

  get open(): number {
    return this.#open.size;
  }

  /** A command of the cloud's, or an action of the alert `source`. */
  async offer(command: OpenCommand, source?: string): Promise<void> {
    const { clock, logger, answered } = this.#parts;
    const { device, id, expiresAtMs } = command;
    if (expiresAtMs <= clock() || this.#open.has(command)) return;
    if (await answered(command)) return; // J3
    const outcome = this.#open.offer(command, clock(), source);
    if (outcome === "refused") {
      this.refused += 1;
      const openMax = this.#open.size;
      logger.error({ device, id, openMax }, "too many commands are open: this one is not sent");
    } else if (outcome === "opened") {
      logger.debug({ device, id }, "command open");
      await this.#project(command);
    }
  }

  /** What an alert's newest step tells devices, in place of what its earlier ones did. */
  async act(source: string, commands: readonly OpenCommand[]): Promise<void> {
    for (const gone of this.#open.replace(source, commands)) this.#withdraw(gone);
    for (const command of commands) await this.offer(command, source);
  }

  /** A reply to it is stored. */
  close(of: CommandAddress): void {
    if (this.#open.close(of)) this.#withdraw(of);
  }

  expire(): void {
    for (const command of this.#open.expire(this.#parts.clock())) this.#withdraw(command);
  }

  /** J1. Everything stored has been read: puts right what the broker retains, and goes on doing so. */
  async show(broker: RetainedTopics): Promise<void> {
    this.#broker = broker;
    this.expire();
    const open = new Set([...this.#open].map(commandTopic));
    for (const topic of broker.retained(COMMAND_TOPICS).keys())
      if (!open.has(topic)) broker.unretain(topic);
    for (const command of this.#open) await this.#project(command);
  }

  async #project(command: OpenCommand): Promise<void> {
    if (!this.#broker) return; // J1
    const topic = commandTopic(command);
    if (this.#broker.retained(topic).get(topic)?.toString() === command.payload) return; // J2
    const expirySeconds = (command.expiresAtMs - this.#parts.clock()) / 1000;
    if (expirySeconds <= 0) return;
    await this.#broker.publish(topic, command.payload, { retain: true, expirySeconds });
  }

  #withdraw(of: CommandAddress): void {
    this.#broker?.unretain(commandTopic(of));
  }
}
