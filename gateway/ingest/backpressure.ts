// The answer to devices that send more than the log takes, or to a log that takes nothing.
//
// K1. QoS 1/2 is never dropped: it is held, unanswered, and its client is no longer read past its
//     bound (the transport's). Held bytes over all clients are bounded by the transport's limits.
// K2. QoS 0 promises nothing, so it goes first: under pressure it is dropped, and counted.
// K3. While the log refuses, new clients hear "server unavailable"; connected clients stay.
import type { Logger } from "../../platform/runtime/logger.ts";
import { sleep } from "../../platform/runtime/backoff.ts";
import type { CommitLog } from "./commit-log.ts";
import type { Message, Refusal, Settle } from "./message.ts";

/** Held characters of readings beyond which QoS 0 is dropped. */
const QOS0_HELD_CHARS_MAX = 8 * 1024 * 1024;
const WATCH_EVERY_MS = 50;
/** Nobody hears it, since QoS 0 has no answer; it keeps the message from being forwarded. */
const DROPPED: Refusal = { reason: "quota_exceeded", detail: "dropped under pressure" };

/** The entrance that the pressure of the log closes and opens: the transport's. */
export interface Door {
  /** While on, new clients are refused; connected ones stay. */
  refuseConnections(on: boolean): void;
}

export class Backpressure {
  readonly #commitLog: Pick<CommitLog, "state" | "heldChars">;
  /** QoS 0 publishes dropped since the start. */
  qos0Dropped = 0;

  constructor(commitLog: Pick<CommitLog, "state" | "heldChars">) {
    this.#commitLog = commitLog;
  }

  /** K2. Settles a message that promises nothing while the log is under pressure; false for any other. */
  drop(message: Message, settle: Settle): boolean {
    if (message.qos !== 0 || !this.#underPressure()) return false;
    this.qos0Dropped += 1;
    settle(DROPPED);
    return true;
  }

  /** Keeps K3 until `signal` aborts, and says when the log begins to refuse and when it is back. */
  async run(door: Door, logger: Logger, signal: AbortSignal): Promise<void> {
    let refusing = false;
    while (!signal.aborted) {
      const { state, detail } = this.#commitLog.state;
      if ((state === "refusing") !== refusing) {
        refusing = !refusing;
        door.refuseConnections(refusing);
        if (refusing)
          logger.error({ detail }, "the log refuses: nothing is acknowledged meanwhile");
        else logger.warn("the log takes readings again");
      }
      await sleep(WATCH_EVERY_MS, signal);
    }
    if (refusing) door.refuseConnections(false);
  }

  #underPressure(): boolean {
    const { heldChars, state } = this.#commitLog;
    return heldChars > QOS0_HELD_CHARS_MAX || state.state === "refusing";
  }
}
