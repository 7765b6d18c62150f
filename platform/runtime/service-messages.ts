// Messages for a service manager (sd_notify(3)), and when they are due; pure.
//
// N1. The watchdog is fed by progress alone: never by a process that is not live, and never on a timer of its own.
// N2. A process that is live and not ready yet asks for more time, because what it waits for may be away for long; one
//     that is not live asks for none, and is started again.

/** Whether it is so, and in words if it is not. */
export interface Answer {
  readonly ok: boolean;
  readonly why: string | null;
}

/** A process that can be asked; `live`: nothing but a new start would help if it is not. */
export interface Asked {
  report(probe: "live" | "ready"): Answer;
}

/** Three messages may be lost before the watchdog bites. */
const FEEDS_IN_A_TIMEOUT = 4;
const FEED_EVERY_MS_MAX = 15_000;
/** A status that changes with every look is not told with every look. */
const STATUS_EVERY_MS = 5_000;
/** Time that a start may go on after each message (N2). */
const EXTEND_MS = 60_000;

/** Messages of one process, from look to look. */
export class Telling {
  readonly #feedEveryMs: number;
  #isStarted = false;
  #status = "";
  #fedMs = -Infinity;
  #toldMs = -Infinity;

  /** @param watchdogMs after which silence counts as death; null: it does not. */
  constructor(watchdogMs: number | null) {
    const share = (watchdogMs ?? Infinity) / FEEDS_IN_A_TIMEOUT;
    this.#feedEveryMs = Math.min(share, FEED_EVERY_MS_MAX);
  }

  /** The message that is due now; empty if none is. */
  due(asked: Asked, nowMs: number): string[] {
    const live = asked.report("live");
    const ready = asked.report("ready");
    const message: string[] = [];
    if (ready.ok && live.ok && !this.#isStarted) {
      this.#isStarted = true;
      message.push("READY=1");
    }
    const isDue = nowMs - this.#fedMs >= this.#feedEveryMs;
    if (live.ok && (isDue || message.length > 0)) {
      this.#fedMs = nowMs;
      message.push("WATCHDOG=1"); // N1
      if (!this.#isStarted) message.push(`EXTEND_TIMEOUT_USEC=${EXTEND_MS * 1_000}`); // N2
    }
    const failing = live.ok ? ready : live;
    const status = failing.ok
      ? "ready"
      : `not ${live.ok ? "ready" : "live"}: ${failing.why ?? "it does not say why"}`;
    if (
      status !== this.#status &&
      (message.length > 0 || nowMs - this.#toldMs >= STATUS_EVERY_MS)
    ) {
      this.#status = status;
      message.push(`STATUS=${status.replaceAll(/\s+/g, " ")}`);
    }
    if (message.length > 0) this.#toldMs = nowMs;
    return message;
  }
}
