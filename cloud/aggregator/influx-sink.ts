// Lines to InfluxDB: group commit, in order, retried until acknowledged.
//
// S1. An item is reported as acknowledged only after InfluxDB acknowledged every line of it, or
//     refused a line by itself: such a line is logged whole and counted.
// S2. Items are written and acknowledged in the order in which they were put.
// S3. One request is in flight; what arrives meanwhile gathers for the next, up to LINES_PER_REQUEST.
// S4. At most LINES_WAITING_MAX lines wait, plus one item of each caller; over it `put` waits.
import type { InfluxClient } from "../../infra/influx/client.ts";
import { Backoff, sleep } from "../../infra/runtime/backoff.ts";
import { AppError, messageOf } from "../../infra/runtime/errors.ts";
import type { Logger } from "../../infra/runtime/logger.ts";

/** Lines of one request, unless a single item is larger. */
export const LINES_PER_REQUEST = 5_000;
export const LINES_WAITING_MAX = 20_000;
/** A configuration problem is looked at again this often: somebody must act first. */
const REFUSED_RETRY_MS = 2_000;

export interface SinkItem {
  readonly lines: readonly string[];
  readonly acknowledged: (answer: Answer) => void;
}

export interface Answer {
  /** When the request left and when the answer came, epoch ms. */
  readonly startMs: number;
  readonly endMs: number;
  /** Places in the item's lines of those that InfluxDB refused, rising. */
  readonly refused: readonly number[];
}

export type InfluxState =
  | { readonly state: "ok"; readonly detail: string }
  | { readonly state: "refusing"; readonly detail: string };

export class InfluxSink {
  readonly #client: Pick<InfluxClient, "write" | "createDatabase">;
  readonly #logger: Logger;
  readonly #nowMs: () => number;
  readonly #items: SinkItem[] = [];
  readonly #waiting: (() => void)[] = [];
  readonly #backoff = new Backoff({ baseMs: 50, maxMs: 2_000 });
  #linesWaiting = 0;
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

  /**
   * Queues an item; resolves once there is room for the next one (S4), or when `signal` aborts,
   * which is the signal that `run` was given.
   */
  async put(item: SinkItem, signal: AbortSignal): Promise<void> {
    this.#items.push(item);
    this.#linesWaiting += item.lines.length;
    this.#wake();
    while (this.#linesWaiting > LINES_WAITING_MAX && !signal.aborted)
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Writes until `signal` aborts; a request in flight is finished, what waits is left to the log. */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener("abort", () => this.#release(), { once: true });
    await this.#untilAccepted(() => this.#client.createDatabase(), signal);
    while (!signal.aborted) {
      const batch = this.#gather();
      if (batch.length === 0) {
        await new Promise<void>((resolve) => (this.#wake = resolve));
        continue;
      }
      const lines = batch.length === 1 ? batch[0]!.lines : batch.flatMap((item) => item.lines);
      const startMs = this.#nowMs();
      const refused: number[] = [];
      if (!(await this.#write({ lines, at: 0 }, refused, signal))) return;
      const endMs = this.#nowMs();
      let at = 0;
      for (const { lines: own, acknowledged } of batch) {
        const from = at;
        at += own.length;
        const ownRefused = refused.filter((line) => line >= from && line < at);
        acknowledged({ startMs, endMs, refused: ownRefused.map((line) => line - from) }); // S1, S2
      }
    }
  }

  #gather(): SinkItem[] {
    let items = 0;
    let lines = 0;
    while (items < this.#items.length) {
      const more = this.#items[items]!.lines.length;
      if (items > 0 && lines + more > LINES_PER_REQUEST) break; // S3
      lines += more;
      items += 1;
    }
    this.#linesWaiting -= lines;
    this.#resumeWaiting();
    return this.#items.splice(0, items);
  }

  #release(): void {
    this.#wake();
    this.#resumeWaiting();
  }

  #resumeWaiting(): void {
    for (const resume of this.#waiting.splice(0)) resume();
  }

  /** False only if aborted before InfluxDB took the lines; `refused` collects their places. */
  async #write(
    { lines, at }: { lines: readonly string[]; at: number },
    refused: number[],
    signal: AbortSignal,
  ): Promise<boolean> {
    if (lines.length === 0) return true;
    const verdict = await this.#untilAccepted(() => this.#client.write(lines), signal);
    if (verdict.kind === "aborted") return false;
    if (verdict.kind === "accepted") return true;
    if (lines.length === 1) {
      refused.push(at);
      this.#linesRefused += 1;
      this.#logger.error({ line: lines[0], detail: verdict.detail }, "InfluxDB refused a line");
      return true;
    }
    // One bad line spoils its request; InfluxDB takes the rest again, overwriting equal points.
    const middle = lines.length >>> 1;
    return (
      (await this.#write({ lines: lines.slice(0, middle), at }, refused, signal)) &&
      (await this.#write({ lines: lines.slice(middle), at: at + middle }, refused, signal))
    );
  }

  /** Repeats a request until it is accepted or its content is refused. */
  async #untilAccepted(
    request: () => Promise<void>,
    signal: AbortSignal,
  ): Promise<{ kind: "accepted" } | { kind: "aborted" } | { kind: "refused"; detail: string }> {
    while (!signal.aborted) {
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
        await this.#wait(error, signal);
      }
    }
    return { kind: "aborted" };
  }

  #accepted(): void {
    if (this.#state.state === "refusing") this.#logger.info("InfluxDB takes writes");
    this.#state = { state: "ok", detail: "" };
    this.#answered = true;
    this.#backoff.reset();
  }

  async #wait(error: AppError, signal: AbortSignal): Promise<void> {
    const news = this.#state.state === "ok" || this.#state.detail === "not asked yet";
    this.#state = { state: "refusing", detail: error.message };
    if (error.disposition === "retry") {
      if (news) this.#logger.warn({ detail: error.message }, "InfluxDB is away, will retry");
      return sleep(this.#backoff.next(), signal);
    }
    if (error.message.includes("database not found")) {
      this.#logger.warn({ detail: error.message }, "creating the database");
      const failure = await this.#client.createDatabase().catch((cause: unknown) => cause);
      if (failure === undefined) return sleep(this.#backoff.next(), signal);
      this.#state = { state: "refusing", detail: messageOf(failure) };
    }
    if (news) this.#logger.error({ detail: error.message }, "InfluxDB refuses, somebody must act");
    return sleep(REFUSED_RETRY_MS, signal);
  }
}
