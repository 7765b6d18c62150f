// One channel's messages about one region: an independent loop with a position of its own.
//
// L1. The message that leaves next is saved before it leaves, and after it that it was told: a process that is
//     killed repeats at most one message of a channel, under the same id.
// L2. The saved plan says which alerts are in that message: a restart begins with the same one, whatever the
//     channel's configuration says by then.
// L3. A save that fails is tried again; the message before it is not.
// L4. Saves are compare-and-set and one precedes every message: of two notifiers at one position, the
//     slower one ends with POSITION_CONFLICT before it sends anything.
// L5. What a channel did not take goes back to those that wait: the next message is chosen among all of them.
// L6. A position of a newer program is not gone on from, nor replaced: the channel stands, and says so.
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import type { NotifierChannelStatus } from "../../contracts/messages/status.ts";
import { alertsStream } from "../../contracts/names/subjects.ts";
import type { Tracing } from "../../otel/tracing.ts";
import { type Positions, isNewerPosition } from "../../platform/nats/lanes/positions.ts";
import type { SettingAside } from "../../platform/nats/lanes/set-aside.ts";
import { Backoff, sleep } from "../../platform/runtime/backoff.ts";
import { dispositionOf, messageOf } from "../../platform/runtime/errors.ts";
import type { Logger } from "../../platform/runtime/logger.ts";
import { insist } from "../../platform/runtime/insist.ts";
import { AlertQueue } from "./alert-queue.ts";
import type { Assignments } from "./assignments.ts";
import type { Channel } from "./channel.ts";
import { type DeadLetters, alertsAt } from "./dead-letters.ts";
import { type ChannelCounts, attempt } from "./delivery.ts";
import { type MessagePlan, makeMessage } from "./message.ts";
import type { Urgency } from "./plan.ts";
import { type NotifierPosition, type SavedPosition, positionOf } from "./position.ts";

export interface ChannelLoopParts {
  readonly connection: NatsConnection;
  readonly positions: Positions<SavedPosition>;
  readonly channel: Channel;
  readonly region: string;
  readonly assignments: Assignments;
  readonly deadLetters: DeadLetters;
  readonly setAside: Pick<SettingAside, "note">;
  readonly ageMaxMs: number;
  readonly counts: ChannelCounts;
  readonly tracing: Tracing;
  readonly logger: Logger;
}

/** A message that may have left before a restart goes before all others. */
const RESUMED: Urgency = { rank: Infinity, arrivedMs: 0 };

export class ChannelLoop {
  readonly #of: ChannelLoopParts;
  readonly #lane: { readonly region: string; readonly partition: 0 };
  readonly #queue: AlertQueue;
  #position: NotifierPosition = { seq: 0, told: [], tried: [], plan: null };
  /** L2: the plan of the process before this one, until it was tried. */
  #resumed: MessagePlan | null = null;
  /** L6. */
  #stands = false;

  constructor(parts: ChannelLoopParts) {
    this.#of = parts;
    this.#lane = { region: parts.region, partition: 0 };
    this.#queue = new AlertQueue({ ...parts, channel: parts.channel.spec });
  }

  get status(): NotifierChannelStatus {
    const { waiting } = this.#queue;
    const nowMs = performance.now();
    return {
      channel: this.#of.channel.spec.name,
      region: this.#of.region,
      doneSeq: Math.max(this.#position.seq, this.#queue.doneSeq),
      waiting: waiting.length,
      gathering: waiting.filter(({ dueMs }) => dueMs > nowMs).length,
      ...this.#of.counts,
    };
  }

  /** Loads its position; call before `run`. */
  async load(signal: AbortSignal): Promise<void> {
    const { positions, counts, logger } = this.#of;
    try {
      const loaded = await insist(
        async () => ({ position: await positions.load(this.#lane) }),
        logger,
        signal,
      );
      if (loaded?.position) this.#position = positionOf(loaded.position);
      this.#resumed = this.#position.plan;
    } catch (error) {
      if (!isNewerPosition(error)) throw error;
      this.#stands = true; // L6
      counts.lastError = error.message;
      logger.error(`nothing is told: ${error.message}`);
    }
  }

  async run(signal: AbortSignal): Promise<void> {
    if (this.#stands) return;
    const { seq, told, tried } = this.#position;
    await Promise.all([
      this.#queue.fill({ doneSeq: seq, told, tried }, signal),
      this.#tell(signal),
    ]);
  }

  async #tell(signal: AbortSignal): Promise<void> {
    const { channel } = this.#of;
    const urgency = (nowMs: number) => (this.#resumed ? RESUMED : this.#queue.urgency(nowMs));
    while (!signal.aborted) {
      if (!this.#resumed) await this.#queue.gathered(signal);
      if (signal.aborted) return;
      if (!urgency(performance.now())) {
        if (this.#queue.doneSeq > this.#position.seq) await this.#save(null, signal);
        continue;
      }
      if (!(await channel.turn({ urgency }, signal))) continue;
      try {
        await this.#tellNext(signal);
      } finally {
        channel.release();
      }
    }
  }

  /** One message, in this loop's turn. */
  async #tellNext(signal: AbortSignal): Promise<void> {
    const { channel, counts, deadLetters, tracing, logger } = this.#of;
    const queue = this.#queue;
    queue.prune();
    const plan = this.#resumed ?? queue.plan(channel.tokens, performance.now());
    if (!isSame(plan, this.#position.plan) && !(await this.#save(plan, signal))) return; // L1, L4
    if (!plan) return;
    const message = await this.#message(plan, signal);
    if (signal.aborted) return;
    const settled = async (): Promise<void> => {
      queue.settle(plan.seqs);
      const tokens = channel.tokens;
      // It saves one: what is told next is known already, as a rule.
      await this.#save(tokens < 1 ? null : queue.plan(tokens, performance.now()), signal); // L1
    };
    if (!message) {
      logger.warn({ ...plan }, "alerts are gone, nothing is told of them");
      await settled();
    } else {
      const before = queue.triedAt(plan.seqs);
      const last = queue.mustCatchUp && before !== null && channel.failures === 0;
      const of = { channel, counts, deadLetters, tracing, logger };
      const parts = { ...of, cause: "", onSettled: settled };
      const end = await attempt(message, { before, last }, parts, signal);
      if (end.kind === "deferred") {
        queue.defer(end.tried, plan.seqs, performance.now() + end.againInMs); // L5
        await this.#save(plan, signal);
      }
      if (end.kind === "stopped") return;
    }
    this.#resumed = null;
  }

  async #message(plan: MessagePlan, signal: AbortSignal) {
    const { connection, channel, region, logger } = this.#of;
    const stream = alertsStream(region);
    const alerts =
      this.#queue.alertsAt(plan.seqs) ??
      (await insist(() => alertsAt(connection, stream, plan.seqs), logger, signal));
    const storedMs = (alerts ?? []).map((one) => one.storedMs);
    const told = (alerts ?? []).map(({ alert }) => alert);
    return makeMessage({ channel: channel.spec.name, region }, plan, told, storedMs);
  }

  /** L3. Tries at least once, so that a message that just left is not repeated after a stop. */
  async #save(plan: MessagePlan | null, signal: AbortSignal): Promise<boolean> {
    const { doneSeq, told, tried } = this.#queue;
    const seq = Math.max(doneSeq, this.#position.seq);
    const position: NotifierPosition = { seq, told, tried, plan };
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

const isSame = (a: MessagePlan | null, b: MessagePlan | null): boolean =>
  a === b || (a?.kind === b?.kind && a?.seqs.join() === b?.seqs.join());
