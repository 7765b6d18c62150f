// One channel's messages about one region: an independent loop with a position of its own.
//
// L1. A batch's plan is saved before its first message leaves, and after each message how many have
//     left: a process that is killed repeats at most one message of a channel, under the same id.
// L2. The plan says which alerts are in which message: a restart sends the same messages, whatever the
//     channel's configuration says by then.
// L3. A save that fails is tried again; the message before it is not.
// L4. Saves are compare-and-set and one precedes every batch: of two notifiers at one position, the
//     slower one ends with POSITION_CONFLICT before it sends anything of its batch.
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import type { NotifierChannelStatus } from "../../contracts/messages/status.ts";
import { alertsStream } from "../../contracts/names/subjects.ts";
import type { Positions } from "../../platform/nats/lanes/positions.ts";
import type { SettingAside } from "../../platform/nats/lanes/set-aside.ts";
import { Backoff, sleep } from "../../platform/runtime/backoff.ts";
import { dispositionOf, messageOf } from "../../platform/runtime/errors.ts";
import type { Logger } from "../../platform/runtime/logger.ts";
import { insist } from "../../platform/runtime/insist.ts";
import { AlertQueue } from "./alert-queue.ts";
import type { Assignments } from "./assignments.ts";
import { type DeadLetters, alertsAt } from "./dead-letters.ts";
import { type Channel, type ChannelCounts, type Tried, deliver } from "./delivery.ts";
import { type MessagePlan, makeMessage } from "./message.ts";
import { planBatch } from "./plan.ts";

/** The messages that are being sent: alerts after `fromSeq` up to `toSeq`. */
export interface SavedPlan extends Tried {
  readonly fromSeq: number;
  readonly toSeq: number;
  readonly messages: readonly MessagePlan[];
  /** The number of `messages` that have left; the others follow. */
  readonly sent: number;
}

export interface NotifierPosition {
  /** Nothing is left to do about alerts up to this sequence. */
  readonly seq: number;
  readonly plan: SavedPlan | null;
}

export interface ChannelLoopParts {
  readonly connection: NatsConnection;
  readonly positions: Positions<NotifierPosition>;
  readonly channel: Channel;
  readonly region: string;
  readonly assignments: Assignments;
  readonly deadLetters: DeadLetters;
  readonly setAside: Pick<SettingAside, "note">;
  readonly ageMaxMs: number;
  readonly counts: ChannelCounts;
  readonly logger: Logger;
}

const NOT_TRIED: Tried = { attempts: 0, firstTriedMs: null };

export class ChannelLoop {
  readonly #of: ChannelLoopParts;
  readonly #lane: { readonly region: string; readonly partition: 0 };
  readonly #queue: AlertQueue;
  #position: NotifierPosition = { seq: 0, plan: null };

  constructor(parts: ChannelLoopParts) {
    this.#of = parts;
    this.#lane = { region: parts.region, partition: 0 };
    this.#queue = new AlertQueue({ ...parts, channel: parts.channel.spec });
  }

  get status(): NotifierChannelStatus {
    const { seq, plan } = this.#position;
    const unsent = plan?.messages.slice(plan.sent).flatMap(({ seqs }) => seqs).length ?? 0;
    return {
      channel: this.#of.channel.spec.name,
      region: this.#of.region,
      doneSeq: plan ? seq : Math.max(seq, this.#queue.doneSeq),
      waiting: unsent + this.#queue.waiting.length,
      ...this.#of.counts,
    };
  }

  /** Loads its position; call before `run`. */
  async load(signal: AbortSignal): Promise<void> {
    const { positions, logger } = this.#of;
    const loaded = await insist(
      async () => ({ position: await positions.load(this.#lane) }),
      logger,
      signal,
    );
    this.#position = loaded?.position ?? this.#position;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { plan } = this.#position;
    if (plan && !(await this.#send(plan, signal))) return; // L2
    await Promise.all([this.#queue.fill(this.#position.seq, signal), this.#tell(signal)]);
  }

  async #tell(signal: AbortSignal): Promise<void> {
    const { channel } = this.#of;
    const { groupMs } = channel.spec;
    while (!signal.aborted) {
      await this.#queue.gathered(groupMs, signal);
      if (this.#queue.waiting.length === 0) {
        if (this.#queue.doneSeq > this.#position.seq)
          await this.#save({ seq: this.#queue.doneSeq, plan: null }, signal);
        continue;
      }
      const tokens = await channel.allowance(signal);
      this.#queue.prune();
      if (signal.aborted || this.#queue.waiting.length === 0) continue;
      const { messages, taken } = planBatch(this.#queue.waiting, { grouped: groupMs > 0, tokens });
      const fromSeq = this.#position.seq;
      this.#queue.take(taken);
      const toSeq = this.#queue.doneSeq;
      const plan = { fromSeq, toSeq, messages, sent: 0, ...NOT_TRIED };
      if (!(await this.#save({ seq: fromSeq, plan }, signal))) return; // L1
      if (!(await this.#send(plan, signal))) return;
    }
  }

  /** Sends what is left of a plan; false if `signal` aborted before its end. */
  async #send(plan: SavedPlan, signal: AbortSignal): Promise<boolean> {
    const { channel, logger } = this.#of;
    let now = plan;
    for (let at = plan.sent; at < plan.messages.length; at++) {
      await channel.turn(signal);
      const message = await this.#message(plan.messages[at]!, signal);
      if (signal.aborted) return false;
      if (!message)
        logger.warn({ ...plan.messages[at] }, "alerts are gone, nothing is told of them");
      let isSaved = false;
      const settle = async (): Promise<void> => {
        now = { ...now, sent: at + 1, attempts: 0 };
        const over = now.sent === now.messages.length;
        const position = over ? { seq: plan.toSeq, plan: null } : { ...this.#position, plan: now };
        isSaved = await this.#save(position, signal); // L1
      };
      if (message) {
        const parts = {
          ...this.#of,
          cause: "",
          onDelivered: settle,
          onFailure: async (tried: Tried) => {
            now = { ...now, ...tried };
            await this.#save({ seq: this.#position.seq, plan: now }, signal);
          },
        };
        if (!(await deliver(message, now, parts, signal))) return false;
      }
      if (!isSaved) await settle();
      if (!isSaved) return false;
    }
    return true;
  }

  async #message(plan: MessagePlan, signal: AbortSignal) {
    const { connection, channel, region, logger } = this.#of;
    const stream = alertsStream(region);
    const alerts = await insist(() => alertsAt(connection, stream, plan.seqs), logger, signal);
    return makeMessage({ channel: channel.spec.name, region }, plan, alerts ?? []);
  }

  /** L3. Tries at least once, so that a message that just left is not repeated after a stop. */
  async #save(position: NotifierPosition, signal: AbortSignal): Promise<boolean> {
    const backoff = new Backoff({ baseMs: 50, maxMs: 1_000 });
    for (;;) {
      try {
        await this.#of.positions.save(this.#lane, position);
        this.#position = position;
        this.#queue.saved(position.seq);
        return true;
      } catch (error) {
        if (dispositionOf(error) !== "retry") throw error;
        this.#of.logger.warn(`position not saved, will retry: ${messageOf(error)}`);
        if (signal.aborted) return false;
        await sleep(backoff.next(), signal);
      }
    }
  }
}
