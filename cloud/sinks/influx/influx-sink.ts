// Readings and rollups to InfluxDB, retried until acknowledged (group-commit.ts has the queue).
//
// I1. A line that InfluxDB refuses is found by halving its request, and logged whole; the lines around
//     it are stored. Its reading becomes a reject.
// I2. Whatever else InfluxDB answers, or if it is away, the request is repeated; a missing database of
//     a 1.x is created, if the user may do that.
// I3. The oldest request that is not answered for UNANSWERED_MS is told as a store that does not answer, before it is given up;
//     since when is told through all tries.
// I4. While nothing is written InfluxDB is asked whether it is there: a store that is away is known before it is needed.
import { Backoff, sleep } from "../../../platform/runtime/backoff.ts";
import { AppError, messageOf } from "../../../platform/runtime/errors.ts";
import type { Logger } from "../../../platform/runtime/logger.ts";
import { GroupCommit, type RefusedRecord } from "../group-commit.ts";
import type { LongSource, RepairSource, Sink, SinkItem, SinkState, Writer } from "../sink.ts";
import { type InfluxClient, UNANSWERED } from "./client.ts";
import { RegionLines } from "./lines.ts";
import { InfluxRepairSource } from "./repair-source.ts";

/** A configuration problem is looked at again this often: somebody must act first. */
const REFUSED_RETRY_MS = 2_000;
/** After so long without an answer to anything it is asked (I4). */
const IDLE_MS = 4_000;
const IDLE_STEP_MS = 1_000;
const PAUSE_STEP_MS = 100;
/** Requests of readings at once: while InfluxDB works on one, the next is made and sent. */
const REQUESTS_MAX = 2;
/** A process tells its status once a second: one that did not for so long was stopped itself, and no request is to blame. */
const ASLEEP_MS = 3_000;
const NOT_ALLOWED =
  "its user may not create one: let an administrator do so (npx skerry influx apply)";
const NOT_ASKED: SinkState = { state: "refusing", detail: "not asked yet", sinceMs: null };
/** Well over the time of any write that is taken, and far under that after which a request is given up. */
const UNANSWERED_MS = 4_000;

export class InfluxSink implements Sink {
  readonly name = "influx";
  readonly system = "influxdb";
  readonly repairSource: RepairSource;
  readonly longSource: LongSource;
  readonly #client: Pick<InfluxClient, "write" | "createDatabase" | "ping">;
  readonly #logger: Logger;
  readonly #queue: GroupCommit;
  readonly #nowMs: () => number;
  readonly #regions = new Map<string, RegionLines>();
  readonly #backoff = new Backoff({ baseMs: 50, maxMs: 2_000 });
  #status: SinkState = NOT_ASKED;
  #answered = false;
  /** The requests in flight, the oldest first, by the time at which each left. */
  readonly #asked = new Set<{ readonly atMs: number }>();
  /** The time at which the first request left that was not taken; null once one was. */
  #failsSinceMs: number | null = null;
  /** The time of the last look at the status, and of the first one after a pause. */
  #lookedMs = Number.POSITIVE_INFINITY;
  #awakeMs = 0;
  /** The time of the last answer that was none of a refusal, epoch ms. */
  #acceptedMs = 0;
  /** True while requests get no answer at all. */
  #silent = false;

  constructor(
    client: Pick<InfluxClient, "write" | "createDatabase" | "ping" | "query">,
    logger: Logger,
    nowMs: () => number = Date.now,
  ) {
    this.#client = client;
    this.#logger = logger;
    this.#nowMs = nowMs;
    this.repairSource = this.longSource = new InfluxRepairSource(client);
    const encode = (item: SinkItem): string[] => this.#encode(item);
    const write = (lines: readonly string[], wanted: () => boolean) => this.#write(lines, wanted);
    this.#queue = new GroupCommit({ encode, write, readingRequestsMax: REQUESTS_MAX }, nowMs);
  }

  get status(): SinkState {
    const nowMs = this.#nowMs();
    if (nowMs - this.#lookedMs > ASLEEP_MS) this.#awakeMs = nowMs;
    this.#lookedMs = nowMs;
    const [oldest] = this.#asked;
    const askedMs = oldest ? Math.max(oldest.atMs, this.#awakeMs) : null;
    const unanswered = nowMs - (askedMs ?? nowMs) >= UNANSWERED_MS || this.#silent;
    if (!unanswered) return this.#status;
    const sinceMs = this.#failsSinceMs ?? askedMs ?? nowMs;
    const seconds = Math.floor((nowMs - sinceMs) / 1_000);
    return { state: "refusing", detail: `InfluxDB has not answered for ${seconds} s`, sinceMs }; // I3
  }

  get answered(): boolean {
    return this.#answered;
  }

  get refused(): number {
    return this.#queue.refused;
  }

  get hasRoom(): boolean {
    return this.#queue.hasRoom;
  }

  get settled(): Promise<void> {
    return this.#queue.settled;
  }

  put(item: SinkItem, writer: Writer): Promise<void> {
    return this.#queue.put(item, writer);
  }

  async run(signal: AbortSignal): Promise<void> {
    await this.#untilAccepted(
      async () => void (await this.#client.createDatabase()),
      () => !signal.aborted,
    );
    await Promise.all([this.#queue.run(signal), this.#askWhileIdle(signal)]);
  }

  /** I4. Never beside a write that is tried again: an answer would hide that it is refused. */
  async #askWhileIdle(signal: AbortSignal): Promise<void> {
    const isIdle = (): boolean =>
      this.#status.state === "ok" &&
      this.#asked.size === 0 &&
      this.#nowMs() - this.#acceptedMs >= IDLE_MS;
    while (!signal.aborted) {
      await sleep(IDLE_STEP_MS, signal);
      if (!signal.aborted && isIdle())
        await this.#untilAccepted(
          () => this.#client.ping(),
          () => !signal.aborted,
        );
    }
  }

  #encode({ region, readings, rollups, canary }: SinkItem): string[] {
    let lines = this.#regions.get(region);
    if (!lines) this.#regions.set(region, (lines = new RegionLines(region)));
    const encoded = new Array<string>(readings.length + rollups.length);
    let at = 0;
    for (const reading of readings) encoded[at++] = lines.reading(reading);
    for (const rollup of rollups) encoded[at++] = lines.rollup(rollup);
    if (canary) encoded.push(lines.canary(canary));
    return encoded;
  }

  async #write(lines: readonly string[], wanted: () => boolean): Promise<RefusedRecord[] | null> {
    const refused: RefusedRecord[] = [];
    return (await this.#writePart({ lines, at: 0 }, refused, wanted)) ? refused : null;
  }

  /** False if the lines were no longer wanted before InfluxDB took them. */
  async #writePart(
    { lines, at }: { lines: readonly string[]; at: number },
    refused: RefusedRecord[],
    wanted: () => boolean,
  ): Promise<boolean> {
    if (lines.length === 0) return true;
    const verdict = await this.#untilAccepted(() => this.#client.write(lines), wanted);
    if (verdict.kind === "unwanted") return false;
    if (verdict.kind === "accepted") return true;
    if (lines.length === 1) {
      refused.push({ record: at, detail: verdict.detail });
      this.#logger.error({ line: lines[0], detail: verdict.detail }, "InfluxDB refused a line");
      return true;
    }
    // One bad line spoils its request; InfluxDB takes the rest again, overwriting equal points (I1).
    const middle = lines.length >>> 1;
    return (
      (await this.#writePart({ lines: lines.slice(0, middle), at }, refused, wanted)) &&
      (await this.#writePart({ lines: lines.slice(middle), at: at + middle }, refused, wanted))
    );
  }

  /** Repeats a request until it is accepted, its content is refused, or it is no longer wanted (I2). */
  async #untilAccepted(request: () => Promise<void>, wanted: () => boolean): Promise<Verdict> {
    while (wanted()) {
      const askedMs = this.#nowMs();
      try {
        await this.#timed(request, askedMs);
        this.#accepted();
        return { kind: "accepted" };
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        if (error.disposition === "reject") {
          this.#accepted();
          return { kind: "refused", detail: error.message };
        }
        await this.#wait(error, askedMs, wanted);
      }
    }
    return { kind: "unwanted" };
  }

  async #timed(request: () => Promise<void>, askedMs: number): Promise<void> {
    const asked = { atMs: askedMs };
    this.#asked.add(asked);
    try {
      await request();
    } finally {
      this.#asked.delete(asked);
    }
  }

  #accepted(): void {
    if (this.#status.state === "refusing") this.#logger.info("InfluxDB takes writes");
    this.#status = { state: "ok", detail: "", sinceMs: null };
    this.#failsSinceMs = null;
    this.#silent = false;
    this.#answered = true;
    this.#acceptedMs = this.#nowMs();
    this.#backoff.reset();
  }

  async #wait(error: AppError, askedMs: number, wanted: () => boolean): Promise<void> {
    const news = this.#status.state === "ok" || this.#status === NOT_ASKED;
    const sinceMs = (this.#failsSinceMs ??= askedMs);
    this.#silent = error.message === UNANSWERED;
    this.#status = { state: "refusing", detail: error.message, sinceMs };
    if (error.disposition === "retry") {
      if (news) this.#logger.warn({ detail: error.message }, "InfluxDB is away, will retry");
      return pause(this.#backoff.next(), wanted);
    }
    if (error.message.includes("database not found")) {
      this.#logger.warn({ detail: error.message }, "creating the database");
      const created = await this.#client.createDatabase().catch((cause: unknown) => cause);
      if (created === true) return pause(this.#backoff.next(), wanted);
      const detail = created === false ? `${error.message}; ${NOT_ALLOWED}` : messageOf(created);
      this.#status = { state: "refusing", detail, sinceMs };
    }
    if (news) this.#logger.error({ detail: error.message }, "InfluxDB refuses, somebody must act");
    return pause(REFUSED_RETRY_MS, wanted);
  }
}

type Verdict =
  | { readonly kind: "accepted" }
  | { readonly kind: "unwanted" }
  | { readonly kind: "refused"; readonly detail: string };

/** Ends early, within a tenth of a second, once there is nothing to wait for. */
async function pause(delayMs: number, wanted: () => boolean): Promise<void> {
  const untilMs = performance.now() + delayMs;
  while (wanted() && performance.now() < untilMs)
    await sleep(Math.min(PAUSE_STEP_MS, untilMs - performance.now()));
}
