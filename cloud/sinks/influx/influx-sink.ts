// Readings and rollups to InfluxDB, retried until acknowledged (group-commit.ts has the queue).
//
// I1. A line that InfluxDB refuses is found by halving its request, and logged whole; the lines around
//     it are stored. Its reading becomes a reject.
// I2. Whatever else InfluxDB answers, or if it is away, the request is repeated; a missing database of
//     a 1.x is created, if the user may do that.
// I3. The oldest request that is not answered for UNANSWERED_MS is told as a store that does not answer, before it is given up;
//     since when is told through all tries.
// I4. While nothing is written InfluxDB is asked whether it is there: a store that is away is known before it is needed.
// I5. Lines go to the policies that they belong to (policies.ts), the default one first. What is older than its policy keeps is
//     refused and counted apart: InfluxDB says how many lines that are, and they are the oldest, so nothing is halved.
import { Backoff, sleep } from "../../../platform/runtime/backoff.ts";
import { AppError, messageOf } from "../../../platform/runtime/errors.ts";
import type { Logger } from "../../../platform/runtime/logger.ts";
import { GroupCommit, type RefusedRecord } from "../group-commit.ts";
import type { LongSource, RepairSource, Sink, SinkItem, SinkState, Writer } from "../sink.ts";
import { type InfluxClient, UNANSWERED } from "./client.ts";
import { beyondRetention } from "./beyond-retention.ts";
import { RegionLines } from "./lines.ts";
import { KnownPolicies, type PolicyClient, policyOfLine } from "./policies.ts";
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
  readonly #client: Pick<InfluxClient, "write" | "createDatabase" | "join" | "ping">;
  readonly #policies: KnownPolicies;
  readonly #logger: Logger;
  readonly #queue: GroupCommit;
  readonly #nowMs: () => number;
  readonly #regions = new Map<string, RegionLines>();
  readonly #backoff = new Backoff({ baseMs: 50, maxMs: 2_000 });
  #status: SinkState = NOT_ASKED;
  #answered = false;
  /** Lines that are older than InfluxDB keeps any such (I5). */
  beyondRetention = 0;
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
    client: Pick<InfluxClient, "write" | "createDatabase" | "join" | "ping"> & PolicyClient,
    logger: Logger,
    nowMs: () => number = Date.now,
  ) {
    this.#client = client;
    this.#logger = logger;
    this.#nowMs = nowMs;
    this.#policies = new KnownPolicies(client, nowMs);
    const source = new InfluxRepairSource(client, undefined, this.#policies);
    this.repairSource = this.longSource = source;
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
    return this.#queue.refused - this.beyondRetention;
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
      async () => {
        const lacking = await this.#client.join();
        if (lacking !== null) this.#logger.warn(lacking);
        await this.#client.createDatabase();
      },
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
    const all = lines.map((line, record) => ({ line, record }));
    const parts = Map.groupBy(all, ({ line }) => policyOfLine(line));
    const inOrder = [...parts].toSorted(([a], [b]) => Number(a !== null) - Number(b !== null));
    for (const [own, part] of inOrder) {
      const policy = await this.#policies.target(own);
      if (!(await this.#writePart(part, { policy, refused, wanted }))) return null;
    }
    return refused.sort((a, b) => a.record - b.record);
  }

  /** False if the lines were no longer wanted before InfluxDB took them. */
  async #writePart(records: readonly LineOfRecord[], of: Writing): Promise<boolean> {
    if (records.length === 0) return true;
    const lines = records.map(({ line }) => line);
    const write = () => this.#client.write(lines, of.policy);
    const verdict = await this.#untilAccepted(write, of.wanted);
    if (verdict.kind === "unwanted") return false;
    if (verdict.kind === "accepted") return true;
    const tooOld = beyondRetention(verdict.detail, records);
    if (tooOld) {
      this.#refuseOld(tooOld.oldest, of, verdict.detail);
      return this.#writePart(tooOld.rest, of);
    }
    if (records.length === 1) {
      const { line, record } = records[0]!;
      of.refused.push({ record, detail: verdict.detail });
      this.#logger.error({ line, detail: verdict.detail }, "InfluxDB refused a line");
      return true;
    }
    // One bad line spoils its request; InfluxDB takes the rest again, overwriting equal points (I1).
    const middle = records.length >>> 1;
    return (
      (await this.#writePart(records.slice(0, middle), of)) &&
      (await this.#writePart(records.slice(middle), of))
    );
  }

  /** Refuses what is too old (I5). */
  #refuseOld(oldest: readonly LineOfRecord[], { policy, refused }: Writing, words: string): void {
    this.beyondRetention += oldest.length;
    const detail = `older than InfluxDB keeps its kind (npx skerry influx retention): ${words}`;
    for (const { record } of oldest) refused.push({ record, detail });
    this.#logger.warn(
      { lines: oldest.length, policy: policy ?? "the default one", oldest: oldest[0]?.line },
      "InfluxDB keeps nothing as old as these lines",
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

interface LineOfRecord {
  readonly line: string;
  /** Its place in the request of the queue. */
  readonly record: number;
}

interface Writing {
  readonly policy: string | undefined;
  readonly refused: RefusedRecord[];
  readonly wanted: () => boolean;
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
