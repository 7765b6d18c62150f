// The alerts of one region that wait for one channel. They are taken from the stream in its order, and told
// in another one.
//
// Q1. `doneSeq` is before the first alert that is still to be told: everything up to it was told, or is none
//     of this channel's. What is held (assignments.ts/A1) was never read, as far as anybody can see.
// Q2. At most `WAITING_MAX` alerts are in memory. Without room for one more, the least severe and newest one is
//     forgotten, and read again when there is room: so a severe alert is seen however many wait before it.
// Q3. Told alerts after `doneSeq` are remembered, and saved with the position, so that none is told again. There
//     are at most `TOLD_AHEAD_MAX` and what waits by then: from then on the oldest comes first, and nothing
//     new is taken before what was forgotten.
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { alertSubjects, alertsStream } from "../../contracts/names/subjects.ts";
import type { LogEntry } from "../../platform/nats/client/log-entry.ts";
import { readSlice } from "../../platform/nats/client/stream-reader.ts";
import type { SettingAside } from "../../platform/nats/lanes/set-aside.ts";
import type { Logger } from "../../platform/runtime/logger.ts";
import type { Assignments } from "./assignments.ts";
import { type ChannelSpec, isWanted } from "./channels.ts";
import type { ChannelCounts } from "./delivery.ts";
import type { MessagePlan, PlacedAlert, StoredAlert } from "./message.ts";
import { BATCH_MAX, type Candidate, type Urgency, planNext, readyAtMs, urgencyOf } from "./plan.ts";
import { parseAlert } from "./parse-alert.ts";
import { isLate, rankOf } from "./story.ts";
import { type Tried, TriedAlerts } from "./tried.ts";
import { Waker } from "./waker.ts";

const WAITING_MAX = 5 * BATCH_MAX;
const TOLD_AHEAD_MAX = 5_000;
/** Late alerts come in a row, when a device's buffer arrives; they are about the past and can wait for each other. */
const LATE_GATHER_MS = 1_000;
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

/** The beginning of a queue, and what of it is told already. */
export interface QueueStart {
  readonly doneSeq: number;
  readonly told: readonly number[];
  readonly tried: readonly Tried[];
}

/** An alert that waits, as far as telling it needs. */
type Queued = Candidate & StoredAlert;

export class AlertQueue {
  readonly #of: AlertQueueParts;
  readonly #changed = new Waker();
  readonly #tried = new TriedAlerts();
  /** Ascending. */
  #waiting: Queued[] = [];
  #told = new Set<number>();
  #reading = new AbortController();
  #seenSeq = 0;
  /** The first alert that had no room, Q2. */
  #forgottenSeq = Infinity;
  #savedSeq = 0;
  #skippedSeq = 0;
  #skipped = 0;

  constructor(parts: AlertQueueParts) {
    this.#of = parts;
  }

  get waiting(): readonly Candidate[] {
    return this.#waiting;
  }

  /** Q1. */
  get doneSeq(): number {
    return Math.min(this.#seenSeq, (this.#waiting[0]?.seq ?? Infinity) - 1, this.#forgottenSeq - 1);
  }

  /** Q3, ascending. */
  get told(): readonly number[] {
    return [...this.#told].sort((a, b) => a - b);
  }

  get tried(): readonly Tried[] {
    return this.#tried.all;
  }

  /** Q3: the oldest one has to be told, or given up. */
  get mustCatchUp(): boolean {
    return this.#told.size >= TOLD_AHEAD_MAX;
  }

  /** Reads from the alert after `doneSeq` on, until `signal` aborts. */
  async fill(start: QueueStart, signal: AbortSignal): Promise<void> {
    this.#seenSeq = start.doneSeq;
    this.#savedSeq = start.doneSeq;
    this.#told = new Set(start.told);
    for (const tried of start.tried) this.#tried.note(tried);
    const { assignments, region } = this.#of;
    while (!signal.aborted) {
      const { version } = assignments;
      this.#recall();
      this.#reading = new AbortController();
      const stoppedBy = await this.#read(AbortSignal.any([signal, this.#reading.signal]));
      if (stoppedBy === "hold") await assignments.changed(version, signal);
      this.#of.logger.debug({ region, seq: this.#seenSeq, stoppedBy }, "reading alerts again");
    }
  }

  get #hasRoom(): boolean {
    return this.#waiting.length <= WAITING_MAX / 2;
  }

  /** Q2: goes back to what was forgotten. */
  #recall(): void {
    if (this.#forgottenSeq === Infinity || !this.#hasRoom) return;
    this.#seenSeq = Math.min(this.#seenSeq, this.#forgottenSeq - 1);
    this.#forgottenSeq = Infinity;
  }

  async #read(signal: AbortSignal): Promise<"hold" | "stopped"> {
    const { connection, region, assignments, logger } = this.#of;
    const slice = { stream: alertsStream(region), subject: alertSubjects(region) };
    const from = this.#seenSeq + 1;
    for await (const entry of readSlice(connection, { ...slice, from }, logger, signal)) {
      if (signal.aborted) break;
      const verdict = assignments.verdict(region, entry.seq, performance.now());
      if (verdict === "hold") return "hold";
      if (verdict === "tell") this.#add(entry);
      this.#seenSeq = entry.seq;
      this.#forgetTold();
      this.#changed.wake();
    }
    return "stopped";
  }

  #add({ seq, storeMs: storedMs, subject, data }: LogEntry): void {
    const { channel, region, ageMaxMs, setAside } = this.#of;
    if (this.#told.has(seq) || this.#waiting.some((one) => one.seq === seq)) return;
    const alert = parseAlert(data);
    if (!alert) {
      const place = { stream: alertsStream(region), subject, seq };
      const why =
        "this is no alert that somebody could be told of, or one of a newer program: then upgrade this one, and retry";
      return setAside.note({ kind: "alert", reason: "unreadable", why, place, data });
    }
    if (!isWanted(channel, alert, region)) return;
    if (Date.now() - storedMs > ageMaxMs) return this.#skip(seq);
    if (!this.#hasPlaceFor({ seq, alert })) return;
    const arrivedMs = performance.now();
    const gatherMs = Math.max(channel.groupMs, isLate(alert) ? LATE_GATHER_MS : 0);
    const dueMs = arrivedMs + gatherMs;
    const at = this.#waiting.findLastIndex((one) => one.seq < seq) + 1;
    this.#waiting.splice(at, 0, { seq, alert, storedMs, arrivedMs, dueMs, notBeforeMs: 0 });
  }

  /** Q2, Q3. @returns false if the new one is what is forgotten. */
  #hasPlaceFor(comer: PlacedAlert): boolean {
    const isFull = this.#waiting.length >= WAITING_MAX;
    const inTurn = !this.mustCatchUp || comer.seq < this.#forgottenSeq;
    if (!isFull && inTurn) return true;
    let least = comer;
    if (!this.mustCatchUp)
      for (const one of this.#waiting) {
        const less = rankOf(one.alert) - rankOf(least.alert);
        if (less < 0 || (less === 0 && one.seq > least.seq)) least = one;
      }
    this.#forgottenSeq = Math.min(this.#forgottenSeq, least.seq);
    if (least === comer) return false;
    this.#tried.forget([least.seq]);
    this.#waiting = this.#waiting.filter(({ seq }) => seq !== least.seq);
    return true;
  }

  #skip(seq: number): void {
    if (seq <= this.#skippedSeq) return;
    this.#skippedSeq = seq;
    this.#of.counts.skipped += 1;
    this.#skipped += 1;
    if (this.#skipped > 1) return;
    setTimeout(() => {
      this.#of.logger.warn({ alerts: this.#skipped }, "skipped alerts that are too old to be told");
      this.#skipped = 0;
    }, SKIPPED_TOLD_AFTER_MS).unref();
  }

  /** Resolves when something may be told, or there is something to save. */
  async gathered(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (this.doneSeq - this.#savedSeq >= UNSAVED_MAX) return;
      const leftMs = readyAtMs(this.#waiting, this.#terms) - performance.now();
      if (leftMs <= 0) return;
      await this.#changed.wait(signal, leftMs);
    }
  }

  get #terms(): { grouped: boolean; catchUp: boolean } {
    return { grouped: this.#of.channel.groupMs > 0, catchUp: this.mustCatchUp };
  }

  /** The urgency of the foremost alert that may be told now; null if there is none. */
  urgency(nowMs: number): Urgency | null {
    return urgencyOf(this.#waiting, { ...this.#terms, nowMs });
  }

  /** The message to send now, if there is one. */
  plan(tokens: number, nowMs: number): MessagePlan | null {
    return planNext(this.#waiting, { ...this.#terms, tokens, nowMs });
  }

  /** Removes what was assigned to the other place while it waited here; what is held is read again. */
  prune(): void {
    const { assignments, region } = this.#of;
    const nowMs = performance.now();
    const verdicts = this.#waiting.map(({ seq }) => assignments.verdict(region, seq, nowMs));
    const held = verdicts.indexOf("hold");
    if (held >= 0) {
      this.#seenSeq = Math.min(this.#seenSeq, this.#waiting[held]!.seq - 1);
      this.#reading.abort();
      this.#waiting = this.#waiting.slice(0, held);
    }
    this.#waiting = this.#waiting.filter((_, at) => verdicts[at] === "tell");
    this.#changed.wake();
  }

  /** Alerts of this queue at these sequences; null if one of them is not in memory. */
  alertsAt(seqs: readonly number[]): StoredAlert[] | null {
    const bySeq = new Map(this.#waiting.map((one) => [one.seq, one]));
    const found = seqs.flatMap((seq) => bySeq.get(seq) ?? []);
    return found.length === seqs.length ? found : null;
  }

  triedAt(seqs: readonly number[]): Tried | null {
    return this.#tried.of(seqs);
  }

  /** An attempt at these has failed; another one follows. */
  defer(tried: Tried, seqs: readonly number[], notBeforeMs: number): void {
    this.#tried.note(tried);
    const of = new Set(seqs);
    this.#waiting = this.#waiting.map((one) => (of.has(one.seq) ? { ...one, notBeforeMs } : one));
  }

  /** These are told, or dead letters. */
  settle(seqs: readonly number[]): void {
    for (const seq of seqs) this.#told.add(seq);
    this.#tried.forget(seqs);
    this.#waiting = this.#waiting.filter(({ seq }) => !this.#told.has(seq));
    this.#forgetTold();
    if (this.#forgottenSeq < Infinity && this.#hasRoom) this.#reading.abort();
    this.#changed.wake();
  }

  #forgetTold(): void {
    const { doneSeq } = this;
    for (const seq of this.#told) if (seq <= doneSeq) this.#told.delete(seq);
  }

  saved(seq: number): void {
    this.#savedSeq = seq;
  }
}
