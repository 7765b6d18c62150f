// What is retained, on its way to clients that have just subscribed, a slice in each turn of the event loop.
//
// K1. SUBACK goes first. A filter gets each topic that was retained then once, with the retain flag set
//     [MQTT-3.3.1-8], and what is retained later as any subscriber does.
// K2. No message that comes meanwhile overtakes what is retained on its topic: that is sent before it.
// K3. All of them together look at STEPS_PER_TURN topics in a turn, for TURN_MS at most, in turns of their own.
// K4. Each topic that is looked at costs its client's holder a token, as each filter does (dispatch.ts). Without
//     tokens its deliveries wait, and nobody else's.
// K5. They wait for their client: what is on its way takes at most half of its queue, so that nothing is
//     dropped for it. A session whose client has left goes on into its queue; one that is over gets nothing.
//     A process that ends forgets them.
import type { Session, Subscription } from "../session/session.ts";
import type { Retained, RetainedTopic } from "./retained.ts";
import type { Walk } from "./retained-tree.ts";

const STEPS_PER_TURN = 512;
const TURN_MS = 3;
/** Topics of one client between two others' turns. */
const STEPS_AT_ONCE = 64;

/** The tokens of holders; `connection/rate-limit.ts` has them. */
interface Tokens {
  take(key: string, tokens: number, nowMs: number, times: number): number;
}

export interface RetainedDeliveriesParts {
  readonly retained: Retained;
  readonly subscribeLimit: Tokens;
}

interface Pending {
  readonly subscription: Subscription;
  readonly walk: Walk<RetainedTopic>;
  /** The newest retained message when it subscribed. */
  readonly stamp: number;
  /** Topics that were sent before their turn (K2). */
  early: Set<string> | null;
}

/** A session's filters that are yet to get something. */
class Job {
  readonly session: Session;
  readonly filters = new Map<string, Pending>();
  readonly #retained: Retained;
  timer: NodeJS.Timeout | null = null;

  constructor(session: Session, retained: Retained) {
    this.session = session;
    this.#retained = retained;
  }

  /** K2. A message on this topic is about to be delivered to these subscriptions. */
  before(topic: string, subscriptions: readonly Subscription[]): void {
    const entry = this.#retained.get(topic);
    if (!entry) return;
    for (const subscription of subscriptions) {
      const pending = this.filters.get(subscription.filter);
      if (pending?.subscription !== subscription || pending.early?.has(topic)) continue;
      if (entry.stamp > pending.stamp || pending.walk.hasPassed(topic)) continue;
      (pending.early ??= new Set()).add(topic);
      this.#send(pending, entry);
    }
  }

  /** Looks at the next topics. @returns how many. */
  work(steps: number, untilMs: number): number {
    const { session } = this;
    let taken = 0;
    for (const [filter, pending] of this.filters) {
      const { subscription, walk, stamp } = pending;
      const isWanted =
        session.subscriptions.get(filter) === subscription &&
        (session.peer !== null || subscription.qos > 0);
      while (isWanted && !walk.done) {
        if (taken >= steps || !session.outbound.roomy || performance.now() > untilMs) return taken;
        taken++;
        const entry = walk.advance();
        if (entry && entry.stamp <= stamp && pending.early?.delete(entry.topic) !== true)
          this.#send(pending, entry);
      }
      this.filters.delete(filter);
    }
    return taken;
  }

  #send({ subscription }: Pending, entry: RetainedTopic): void {
    if (subscription.foreignOnly && entry.relayBytes === null) return;
    const message = this.#retained.message(entry);
    if (!message) return;
    const { identifier, qos, session } = subscription;
    const identifiers = identifier === undefined ? undefined : [identifier];
    const lesser = Math.min(qos, message.qos) as 0 | 1 | 2;
    session.outbound.deliver({ ...message, retain: true, identifiers }, lesser);
  }
}

export class RetainedDeliveries {
  readonly #parts: RetainedDeliveriesParts;
  /** Those that wait for nothing but their turn. */
  readonly #ready = new Set<Job>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #stepsLeft = STEPS_PER_TURN;
  #untilMs = 0;
  #turn: NodeJS.Immediate | null = null;

  constructor(parts: RetainedDeliveriesParts) {
    this.#parts = parts;
  }

  /** The client has its SUBACK: what is retained follows, as far as this turn allows at once. */
  begin(subscription: Subscription): void {
    const { retained } = this.#parts;
    const { session, filter } = subscription;
    let job = session.retaining as Job | null;
    if (!job) session.retaining = job = new Job(session, retained);
    const walk = retained.walk(filter);
    job.filters.set(filter, { subscription, walk, stamp: retained.stamp, early: null });
    if (!job.timer && !session.outbound.whenRoomy) this.#ready.add(job);
    this.#work();
  }

  stop(): void {
    if (this.#turn) clearImmediate(this.#turn);
    for (const timer of this.#timers) clearTimeout(timer);
    this.#ready.clear();
  }

  /** K3. */
  #work(): void {
    if (this.#stepsLeft === STEPS_PER_TURN) this.#untilMs = performance.now() + TURN_MS;
    while (this.#stepsLeft > 0 && performance.now() <= this.#untilMs) {
      const [job] = this.#ready;
      if (!job) break;
      this.#ready.delete(job);
      const steps = job.work(Math.min(STEPS_AT_ONCE, this.#stepsLeft), this.#untilMs);
      this.#stepsLeft -= steps;
      this.#goOn(job, steps);
    }
    if (this.#turn || (this.#ready.size === 0 && this.#stepsLeft === STEPS_PER_TURN)) return;
    this.#turn = setImmediate(() => {
      this.#turn = null;
      this.#stepsLeft = STEPS_PER_TURN;
      if (this.#ready.size > 0) this.#work();
    });
  }

  #goOn(job: Job, steps: number): void {
    const { session } = job;
    const { key, share } = session.holder;
    const { subscribeLimit } = this.#parts;
    const waitMs = subscribeLimit.take(key, steps, performance.now(), share.rates);
    if (job.filters.size === 0) session.retaining = null;
    else if (waitMs > 0) this.#resumeIn(job, waitMs);
    else if (session.outbound.roomy) this.#ready.add(job);
    else session.outbound.whenRoomy = () => this.#resume(job);
  }

  /** K4. */
  #resumeIn(job: Job, waitMs: number): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      job.timer = null;
      this.#resume(job);
    }, Math.ceil(waitMs));
    job.timer = timer;
    this.#timers.add(timer);
  }

  #resume(job: Job): void {
    this.#ready.add(job);
    this.#work();
  }
}
