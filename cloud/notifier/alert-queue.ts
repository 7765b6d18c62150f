// The alerts of one region that wait for one channel, in the order of their stream.
//
// Q1. `doneSeq` is before the first waiting alert: everything up to it was taken, or is none of this
//     channel's. What is held (assignments.ts/A1) was never read, as far as anybody can see.
// Q2. At most `WAITING_MAX` alerts are in memory; a reader with no room ends and starts again later, so
//     that a channel which is dead for a day keeps no consumer.
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { alertSubjects, alertsStream } from "../../contracts/names/subjects.ts";
import { type LogEntry, readSlice } from "../../platform/nats/client/stream-reader.ts";
import type { SettingAside } from "../../platform/nats/lanes/set-aside.ts";
import type { Logger } from "../../platform/runtime/logger.ts";
import type { Assignments } from "./assignments.ts";
import { type ChannelSpec, isWanted } from "./channels.ts";
import type { ChannelCounts } from "./delivery.ts";
import type { PlacedAlert } from "./message.ts";
import { parseAlert } from "./parse-alert.ts";
import { BATCH_MAX } from "./plan.ts";
import { Waker } from "./waker.ts";

const WAITING_MAX = 2 * BATCH_MAX;
/** Alerts of other channels are passed over without a save for each. */
const UNSAVED_MAX = 500;
/** Old alerts come in a row; they are told of together. */
const SKIPPED_TOLD_AFTER_MS = 1_000;

export interface AlertQueueParts {
  readonly connection: NatsConnection;
  readonly channel: ChannelSpec;
  readonly region: string;
  readonly assignments: Assignments;
  /** Alerts stored longer ago are skipped. */
  readonly ageMaxMs: number;
  readonly counts: ChannelCounts;
  readonly setAside: Pick<SettingAside, "note">;
  readonly logger: Logger;
}

interface Waiting extends PlacedAlert {
  readonly arrivedMs: number;
}

export class AlertQueue {
  readonly #of: AlertQueueParts;
  readonly #changed = new Waker();
  #waiting: Waiting[] = [];
  #reading = new AbortController();
  #seenSeq = 0;
  #savedSeq = 0;
  #skipped = 0;

  constructor(parts: AlertQueueParts) {
    this.#of = parts;
  }

  get waiting(): readonly PlacedAlert[] {
    return this.#waiting;
  }

  /** Q1. */
  get doneSeq(): number {
    const [first] = this.#waiting;
    return first ? first.seq - 1 : this.#seenSeq;
  }

  /** Reads from the alert after `doneSeq` on, until `signal` aborts. */
  async fill(doneSeq: number, signal: AbortSignal): Promise<void> {
    this.#seenSeq = doneSeq;
    this.#savedSeq = doneSeq;
    const { assignments, region } = this.#of;
    while (!signal.aborted) {
      const { version } = assignments;
      this.#reading = new AbortController();
      const stoppedBy = await this.#read(AbortSignal.any([signal, this.#reading.signal]));
      if (stoppedBy === "hold") await assignments.changed(version, signal);
      // Not for every place that gets free: each time costs a consumer.
      while (!signal.aborted && this.#waiting.length > BATCH_MAX) await this.#changed.wait(signal);
      this.#of.logger.debug({ region, seq: this.#seenSeq, stoppedBy }, "reading alerts again");
    }
  }

  async #read(signal: AbortSignal): Promise<"hold" | "full" | "stopped"> {
    const { connection, region, assignments, logger } = this.#of;
    const slice = { stream: alertsStream(region), subject: alertSubjects(region) };
    const from = this.#seenSeq + 1;
    for await (const entry of readSlice(connection, { ...slice, from }, logger, signal)) {
      if (signal.aborted) break;
      const verdict = assignments.verdict(region, entry.seq, performance.now());
      if (verdict === "hold") return "hold";
      if (verdict === "tell") this.#add(entry);
      this.#seenSeq = entry.seq;
      this.#changed.wake();
      if (this.#waiting.length >= WAITING_MAX) return "full"; // Q2
    }
    return "stopped";
  }

  #add({ seq, storeMs, subject, data }: LogEntry): void {
    const { channel, region, ageMaxMs, setAside } = this.#of;
    const alert = parseAlert(data);
    if (!alert) {
      const place = { stream: alertsStream(region), subject, seq };
      const why = "this is no alert that somebody could be told of";
      return setAside.note({ kind: "alert", reason: "unreadable", why, place, data });
    }
    if (!isWanted(channel, alert, region)) return;
    if (Date.now() - storeMs > ageMaxMs) return this.#skip();
    this.#waiting.push({ seq, alert, arrivedMs: performance.now() });
  }

  #skip(): void {
    this.#of.counts.skipped += 1;
    this.#skipped += 1;
    if (this.#skipped > 1) return;
    setTimeout(() => {
      this.#of.logger.warn({ alerts: this.#skipped }, "skipped alerts that are too old to be told");
      this.#skipped = 0;
    }, SKIPPED_TOLD_AFTER_MS).unref();
  }

  /** Resolves when an alert waits and has waited for `groupMs`, or there is something to save. */
  async gathered(groupMs: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const [first] = this.#waiting;
      if (!first && this.doneSeq - this.#savedSeq >= UNSAVED_MAX) return;
      const leftMs = first ? first.arrivedMs + groupMs - performance.now() : Infinity;
      if (leftMs <= 0 || this.#waiting.length >= BATCH_MAX) return;
      await this.#changed.wait(signal, leftMs);
    }
  }

  /** Removes what was assigned to the other place while it waited here; what is held is read again. */
  prune(): void {
    const { assignments, region } = this.#of;
    const verdicts = this.#waiting.map(({ seq }) =>
      assignments.verdict(region, seq, performance.now()),
    );
    const held = verdicts.indexOf("hold");
    if (held >= 0) {
      this.#seenSeq = this.#waiting[held]!.seq - 1;
      this.#reading.abort();
      this.#waiting = this.#waiting.slice(0, held);
    }
    this.#waiting = this.#waiting.filter((_, at) => verdicts[at] === "tell");
    this.#changed.wake();
  }

  take(count: number): PlacedAlert[] {
    const taken = this.#waiting.splice(0, count);
    this.#changed.wake();
    return taken;
  }

  saved(seq: number): void {
    this.#savedSeq = seq;
  }
}
