// Lines to InfluxDB: group commit, in order, retried until acknowledged.
//
// S1. An item is reported as acknowledged only after InfluxDB acknowledged every line of it, or
//     refused a line by itself: such a line is logged whole, and its reading becomes a reject.
// S2. Items are written and acknowledged in the order in which they were put.
// S3. One request is in flight; what arrives meanwhile gathers for the next, up to LINES_PER_REQUEST.
// S4. At most LINES_WAITING_MAX lines wait, plus one item of each caller; over it `put` waits.
// S5. What waits is dropped, unacknowledged, once its writer has lost the lane: the next owner writes
//     it from the log, and an old rollup must not come after a newer one.
import type { InfluxClient } from "../sinks/influx/client.ts";
import { Backoff, sleep } from "../../platform/runtime/backoff.ts";
import { AppError, messageOf } from "../../platform/runtime/errors.ts";
import type { Logger } from "../../platform/runtime/logger.ts";

/** Lines of one request, unless a single item is larger. */
export const LINES_PER_REQUEST = 5_000;
export const LINES_WAITING_MAX = 20_000;
/** A configuration problem is looked at again this often: somebody must act first. */
const REFUSED_RETRY_MS = 2_000;
const PAUSE_STEP_MS = 100;

export interface SinkItem {
  readonly lines: readonly string[];
  readonly acknowledged: (answer: Answer) => void;
}

/** Who puts an item: it counts only while the writer holds its lane. */
export interface Writer {
  readonly signal: AbortSignal;
  readonly held: boolean;
}

interface Queued extends SinkItem {
  readonly writer: Writer;
}

export interface Answer {
  /** When the request left and when the answer came, epoch ms. */
  readonly startMs: number;
  readonly endMs: number;
  /** Places in the item's lines of those that InfluxDB refused, rising, and what it said. */
  readonly refused: readonly RefusedLine[];
}

export interface RefusedLine {
  readonly line: number;
  readonly detail: string;
}

export type InfluxState =
  | { readonly state: "ok"; readonly detail: string }
  | { readonly state: "refusing"; readonly detail: string };

export class InfluxSink {
  readonly #client: Pick<InfluxClient, "write" | "createDatabase">;
  readonly #logger: Logger;
  readonly #nowMs: () => number;
  readonly #items: Queued[] = [];
  readonly #waiting: (() => void)[] = [];
  readonly #backoff = new Backoff({ baseMs: 50, maxMs: 2_000 });
  #linesWaiting = 0;
  #request: Promise<void> = Promise.resolve();
  #wake: () => void = () => undefined;
  #state: InfluxState = { state: "refusing", detail: "not asked yet" };
  #answered = false;
  #linesRefused = 0;

  constructor(
    client: Pick<InfluxClient, "write" | "createDatabase">,
    logger: Logger,
    nowMs: () => number = Date.now,
  ) {
    this.#client = client;
    this.#logger = logger;
    this.#nowMs = nowMs;
  }

  get state(): InfluxState {
    return this.#state;
  }

  /** True once InfluxDB has answered since the start. */
  get answered(): boolean {
    return this.#answered;
  }

  get linesRefused(): number {
    return this.#linesRefused;
  }

  /** False when writes that can be left out had better be. */
  get hasRoom(): boolean {
    return this.#linesWaiting < LINES_WAITING_MAX / 2;
  }

  /** Queues an item; resolves once there is room for the next one (S4), or its writer is over. */
  async put({ lines, acknowledged }: SinkItem, writer: Writer): Promise<void> {
    const { signal } = writer;
    this.#items.push({ lines, acknowledged, writer });
    this.#linesWaiting += lines.length;
    this.#wake();
    while (this.#linesWaiting > LINES_WAITING_MAX && !signal.aborted)
      await new Promise<void>((resolve) => {
        const over = (): void => {
          signal.removeEventListener("abort", over);
          resolve();
        };
        signal.addEventListener("abort", over);
        this.#waiting.push(over);
      });
  }

  /** Resolves once the request in flight is over, if there is one. */
  get settled(): Promise<void> {
    return this.#request;
  }

  /** Writes until `signal` aborts; a request in flight is finished, what waits is left to the log. */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener("abort", () => this.#release(), { once: true });
    await this.#untilAccepted(
      () => this.#client.createDatabase(),
      () => !signal.aborted,
    );
    while (!signal.aborted) {
      const batch = this.#gather();
      if (batch.length === 0) {
        await new Promise<void>((resolve) => (this.#wake = resolve));
        continue;
      }
      const over = Promise.withResolvers<void>();
      this.#request = over.promise;
      try {
        await this.#writeBatch(batch, signal);
      } finally {
        over.resolve();
      }
    }
  }

  async #writeBatch(batch: readonly Queued[], signal: AbortSignal): Promise<void> {
    const lines = batch.length === 1 ? batch[0]!.lines : batch.flatMap((item) => item.lines);
    const startMs = this.#nowMs();
    const refused: RefusedLine[] = [];
    const wanted = (): boolean => !signal.aborted && batch.every(({ writer }) => counts(writer));
    if (!(await this.#write({ lines, at: 0 }, refused, wanted))) return this.#putBack(batch);
    const endMs = this.#nowMs();
    this.#linesRefused += refused.length;
    let at = 0;
    for (const {
      lines: { length },
      acknowledged,
    } of batch) {
      const from = at;
      at += length;
      const own = refused
        .filter(({ line }) => line >= from && line < at)
        .map(({ line, detail }) => ({ line: line - from, detail }));
      acknowledged({ startMs, endMs, refused: own }); // S1, S2
    }
  }

  /** One writer of it is over (S5): the others' items come next, in the same order (S2). */
  #putBack(batch: readonly Queued[]): void {
    const rest = batch.filter(({ writer }) => counts(writer));
    this.#items.unshift(...rest);
    for (const { lines } of rest) this.#linesWaiting += lines.length;
  }

  #gather(): Queued[] {
    let items = 0;
    let lines = 0;
    let taken = 0;
    const batch: Queued[] = [];
    for (; items < this.#items.length; items++) {
      const item = this.#items[items]!;
      const more = item.lines.length;
      const dropped = !counts(item.writer); // S5
      if (!dropped && batch.length > 0 && lines + more > LINES_PER_REQUEST) break; // S3
      taken += more;
      if (dropped) continue;
      lines += more;
      batch.push(item);
    }
    this.#items.splice(0, items);
    this.#linesWaiting -= taken;
    this.#resumeWaiting();
    return batch;
  }

  #release(): void {
    this.#wake();
    this.#resumeWaiting();
  }

  #resumeWaiting(): void {
    for (const resume of this.#waiting.splice(0)) resume();
  }

  /** False if the lines were no longer wanted before InfluxDB took them; `refused` has places. */
  async #write(
    { lines, at }: { lines: readonly string[]; at: number },
    refused: RefusedLine[],
    wanted: () => boolean,
  ): Promise<boolean> {
    if (lines.length === 0) return true;
    const verdict = await this.#untilAccepted(() => this.#client.write(lines), wanted);
    if (verdict.kind === "unwanted") return false;
    if (verdict.kind === "accepted") return true;
    if (lines.length === 1) {
      refused.push({ line: at, detail: verdict.detail });
      this.#logger.error({ line: lines[0], detail: verdict.detail }, "InfluxDB refused a line");
      return true;
    }
    // One bad line spoils its request; InfluxDB takes the rest again, overwriting equal points.
    const middle = lines.length >>> 1;
    return (
      (await this.#write({ lines: lines.slice(0, middle), at }, refused, wanted)) &&
      (await this.#write({ lines: lines.slice(middle), at: at + middle }, refused, wanted))
    );
  }

  /** Repeats a request until it is accepted, its content is refused, or it is no longer wanted. */
  async #untilAccepted(request: () => Promise<void>, wanted: () => boolean): Promise<Verdict> {
    while (wanted()) {
      try {
        await request();
        this.#accepted();
        return { kind: "accepted" };
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        if (error.disposition === "reject") {
          this.#accepted();
          return { kind: "refused", detail: error.message };
        }
        await this.#wait(error, wanted);
      }
    }
    return { kind: "unwanted" };
  }

  #accepted(): void {
    if (this.#state.state === "refusing") this.#logger.info("InfluxDB takes writes");
    this.#state = { state: "ok", detail: "" };
    this.#answered = true;
    this.#backoff.reset();
  }

  async #wait(error: AppError, wanted: () => boolean): Promise<void> {
    const news = this.#state.state === "ok" || this.#state.detail === "not asked yet";
    this.#state = { state: "refusing", detail: error.message };
    if (error.disposition === "retry") {
      if (news) this.#logger.warn({ detail: error.message }, "InfluxDB is away, will retry");
      return pause(this.#backoff.next(), wanted);
    }
    if (error.message.includes("database not found")) {
      this.#logger.warn({ detail: error.message }, "creating the database");
      const failure = await this.#client.createDatabase().catch((cause: unknown) => cause);
      if (failure === undefined) return pause(this.#backoff.next(), wanted);
      this.#state = { state: "refusing", detail: messageOf(failure) };
    }
    if (news) this.#logger.error({ detail: error.message }, "InfluxDB refuses, somebody must act");
    return pause(REFUSED_RETRY_MS, wanted);
  }
}

type Verdict =
  | { readonly kind: "accepted" }
  | { readonly kind: "unwanted" }
  | { readonly kind: "refused"; readonly detail: string };

const counts = ({ signal, held }: Writer): boolean => held && !signal.aborted;

/** Ends early, within a tenth of a second, once there is nothing to wait for. */
async function pause(delayMs: number, wanted: () => boolean): Promise<void> {
  const untilMs = performance.now() + delayMs;
  while (wanted() && performance.now() < untilMs)
    await sleep(Math.min(PAUSE_STEP_MS, untilMs - performance.now()));
}
