// Group commit: many readings, one JetStream message, one acknowledgement.
//
// C1. A reading's `stored` callback runs only after the PubAck of the frame that holds it.
// C2. One frame per partition is in flight; the next one gathers meanwhile. Order is arrival order.
// C3. A frame is re-sent, unchanged, under the same message id until it is stored: an outage may
//     repeat it, never skip it, and never let a later frame of its partition pass it.
// C4. "Duplicate" in answer to a first send means another gateway uses our ids: fatal, because
//     readings would be acknowledged that nobody stored. In answer to a re-send it is success.
// C5. A partition with nothing to say sends an empty frame every HEARTBEAT_MS: readers' clock.
// C6. A canary goes with the next frame of its partition, and through everything that its readings go through.
import { FRAME_VERSION, encodeFrame, frameMessageId } from "../../contracts/messages/frame.ts";
import { Backoff, sleep } from "../../platform/runtime/backoff.ts";
import { AppError, dispositionOf, messageOf } from "../../platform/runtime/errors.ts";
import type { HealthCheck } from "../../platform/runtime/health.ts";
import { commitChecks } from "./commit-health.ts";
import { FrameFigures } from "./frame-figures.ts";

/** Stores one message under an id; resolves to whether the store already had that id. */
export interface FrameStore {
  publish(partition: number, data: Uint8Array, messageId: string): Promise<{ duplicate: boolean }>;
}

export interface CommitLogOptions {
  gateway: string;
  /** Random per start of the process. */
  epoch: string;
  /** The number of the first lane; 0 without it. */
  firstLane?: number;
  partitions: number;
  /** Epoch ms, monotonic. */
  clock: () => number;
  /** Uncompressed characters of readings in one frame; at most half of NATS's max_payload. */
  frameCharsMax: number;
}

/**
 * Told once the reading is in the log. Its argument is the `null` of `Settle` (message.ts), "stored", so
 * that the `settle` of a message can be passed as it is: one closure less per reading.
 */
export type Stored = (outcome: null) => void;

export interface CommitLogState {
  state: "ok" | "refusing";
  detail: string;
}

interface Partition {
  readonly index: number;
  readings: string[];
  callbacks: Stored[];
  n: number;
  total: number;
  lastSentMs: number;
  inFlight: boolean;
  /** The last time at which sending began, or ended as it may; epoch ms. */
  movedMs: number;
  /** The last time at which a frame was stored; null before the first. */
  storedMs: number | null;
  /** The time at which a canary was asked for that no frame has taken yet (C6), epoch ms. */
  canaryMs: number | null;
}

export const HEARTBEAT_MS = 1_000;

export class CommitLog {
  readonly frames = new FrameFigures();
  readonly #store: FrameStore;
  readonly #options: CommitLogOptions;
  readonly #partitions: Partition[];
  /** Reasons why frames are not being stored, by partition; empty when all is well. */
  readonly #refusals = new Map<number, string>();
  #signal: AbortSignal | null = null;
  #fail: (error: unknown) => void = () => undefined;
  #stored = 0;
  #heldChars = 0;
  #canaryStoredMs: number | null = null;

  constructor(store: FrameStore, options: CommitLogOptions) {
    this.#store = store;
    this.#options = options;
    this.#partitions = Array.from({ length: options.partitions }, (_, at) => ({
      index: (options.firstLane ?? 0) + at,
      readings: [],
      callbacks: [],
      n: 0,
      total: 0,
      lastSentMs: 0,
      inFlight: false,
      movedMs: options.clock(),
      storedMs: null,
      canaryMs: null,
    }));
  }

  /** Readings stored since the start. */
  get stored(): number {
    return this.#stored;
  }

  /** The time at which the last canary was stored, epoch ms; null while none was. */
  get canaryStoredMs(): number | null {
    return this.#canaryStoredMs;
  }

  /** Characters of readings gathered or in flight: what the log owes an answer for. */
  get heldChars(): number {
    return this.#heldChars;
  }

  get state(): CommitLogState {
    const [detail] = this.#refusals.values();
    return detail === undefined ? { state: "ok", detail: "" } : { state: "refusing", detail };
  }

  /** Health by what is stored: frames go every second, empty ones too (C5). */
  get checks(): HealthCheck[] {
    const facts = { ...this.state, nowMs: this.#options.clock(), partitions: this.#partitions };
    return commitChecks(facts);
  }

  /** Sends heartbeats until `signal` aborts. @throws AppError on C4, and on any bug while sending. */
  async run(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    const failure = new Promise<never>((_, reject) => (this.#fail = reject));
    const beats = setInterval(() => this.#beat(), HEARTBEAT_MS / 4);
    const aborted = new Promise<void>((resolve) =>
      signal.addEventListener("abort", () => resolve(), { once: true }),
    );
    try {
      await Promise.race([failure, aborted]);
    } finally {
      clearInterval(beats);
    }
  }

  /** Gathers one encoded reading; `stored` runs once it is in the log (C1). */
  append(partition: number, encoded: string, stored: Stored): void {
    const target = this.#partitionOf(partition);
    this.#heldChars += encoded.length;
    target.readings.push(encoded);
    target.callbacks.push(stored);
    if (!target.inFlight) this.#sendSoon(target);
  }

  /** Sends a canary on the way of readings (C6); one at a time, so that the log's absence is told by its age. */
  sendCanary(partition: number): void {
    const target = this.#partitionOf(partition);
    target.canaryMs ??= this.#options.clock();
    if (!target.inFlight) this.#sendSoon(target);
  }

  /** Waits until what was gathered is stored, or `signal` aborts. */
  async drain(signal: AbortSignal): Promise<void> {
    const busy = (): boolean =>
      this.#partitions.some(({ inFlight, readings }) => inFlight || readings.length > 0);
    while (busy() && !signal.aborted) await sleep(5, signal);
  }

  /** @param partition the number of a lane. */
  #partitionOf(partition: number): Partition {
    return this.#partitions[partition - (this.#options.firstLane ?? 0)]!;
  }

  #beat(): void {
    const nowMs = this.#options.clock();
    for (const partition of this.#partitions)
      if (!partition.inFlight && nowMs - partition.lastSentMs >= HEARTBEAT_MS)
        this.#sendSoon(partition);
  }

  /** Sends at the end of this turn of the event loop, so that one socket read fills one frame. */
  #sendSoon(partition: Partition): void {
    partition.inFlight = true;
    setImmediate(() => {
      this.#send(partition).catch((error: unknown) => this.#fail(error));
    });
  }

  async #send(partition: Partition): Promise<void> {
    do {
      const callbacks = await this.#sendFrame(partition);
      this.#stored += callbacks.length;
      for (const stored of callbacks) stored(null);
    } while (partition.readings.length > 0 || partition.canaryMs !== null);
    partition.inFlight = false;
  }

  async #sendFrame(partition: Partition): Promise<Stored[]> {
    const { gateway, epoch, clock } = this.#options;
    const readings = this.#take(partition);
    const callbacks = partition.callbacks.splice(0, readings.length);
    partition.n += 1;
    partition.total += readings.length;
    const beforeMs = partition.lastSentMs;
    partition.lastSentMs = clock();
    const { n, total, index, canaryMs } = partition;
    partition.canaryMs = null;
    const header = { v: FRAME_VERSION, gateway, epoch, n, count: readings.length, total };
    const canary = canaryMs === null ? {} : { canary: canaryMs };
    const frame = encodeFrame({ ...header, clock: partition.lastSentMs, ...canary }, readings);
    const sinceMs = n === 1 ? null : partition.lastSentMs - beforeMs;
    this.frames.sent(readings.length, frame.length, sinceMs);
    await this.#storeFrame(partition, frame, frameMessageId({ gateway, epoch, n }, index));
    if (canaryMs !== null) this.#canaryStoredMs = clock();
    for (const { length } of readings) this.#heldChars -= length;
    return callbacks;
  }

  /** The readings of the next frame: all that is gathered, up to the frame's size. */
  #take(partition: Partition): string[] {
    let chars = 0;
    let count = 0;
    for (const reading of partition.readings) {
      chars += reading.length + 1;
      if (count > 0 && chars > this.#options.frameCharsMax) break;
      count += 1;
    }
    if (count < partition.readings.length) return partition.readings.splice(0, count);
    const all = partition.readings;
    partition.readings = [];
    return all;
  }

  async #storeFrame(to: Partition, frame: Uint8Array, messageId: string): Promise<void> {
    const { clock } = this.#options;
    const partition = to.index;
    const backoff = new Backoff({ baseMs: 20, maxMs: 500 });
    for (let attempt = 1; ; attempt++) {
      to.movedMs = clock();
      try {
        const { duplicate } = await this.#store.publish(partition, frame, messageId);
        if (duplicate && attempt === 1)
          throw new AppError("LOG_MISCONFIGURED", "fatal", `frame id ${messageId} was used before`); // C4
        to.movedMs = to.storedMs = clock();
        this.#refusals.delete(partition);
        return;
      } catch (error) {
        if (dispositionOf(error) !== "retry") throw error;
        this.#refusals.set(partition, messageOf(error));
        if (this.#signal?.aborted) throw error;
        await sleep(backoff.next(), this.#signal ?? undefined); // C3
      }
    }
  }
}
