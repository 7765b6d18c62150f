// Leases on lanes, in a bucket with a TTL, so that several processes of one operator
// share its lanes and take over from each other.
//
// K1. A lease is taken and renewed by compare-and-set: two members never both have the bucket's word.
// K2. An owner trusts its lease for HELD_MS from before it sent the renewal, on its monotonic clock;
//     that is half the TTL, so it has stopped before anybody else can start. A lease that has lapsed
//     stays so, though the answer to its renewal may still come: what trusted it may have let go of its
//     work meanwhile, and would take it for done.
// K3. A lane that is given up is settled first (its work resolves), then its lease is deleted.
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import {
  LEASES_BUCKET,
  type LaneId,
  bucketStream,
  laneName,
  leaseKey,
  memberKey,
} from "../../../contracts/names/subjects.ts";
import { sleep } from "../../runtime/backoff.ts";
import { AppError, dispositionOf, messageOf } from "../../runtime/errors.ts";
import type { Logger } from "../../runtime/logger.ts";
import { Bucket } from "../client/bucket.ts";
import type { NatsConnection } from "../client/connection.ts";
import { textOf } from "../client/payload.ts";
import { Streams } from "../client/streams.ts";
import { shareChanges } from "./lease-share.ts";

/** Age at which the bucket forgets a lease that nobody renewed. */
export const LEASE_TTL_MS = 6_000;
const RENEW_EVERY_MS = 2_000;
const HELD_MS = LEASE_TTL_MS / 2;
const BEAT_MS = 500;
const ANSWER_WITHIN_MS = 1_000;

/** The right to work on one lane. */
export interface Lease {
  /** Aborts when the lane is lost or given up. */
  readonly signal: AbortSignal;
  /** False from the moment it can no longer be trusted (K2), even if no timer could run since, and ever after. */
  readonly held: boolean;
}

/**
 * Works on a lane until the lease's signal aborts, then settles what is under way. Resolves to false
 * if it could not, or had to leave the lane by itself: then the lease is left to expire (K3).
 */
export type LaneWork = (lane: LaneId, lease: Lease) => Promise<boolean>;

class Holding implements Lease {
  readonly #controller = new AbortController();
  readonly lane: LaneId;
  revision: number;
  trustedUntilMs: number;
  done: Promise<boolean> = Promise.resolve(false);

  constructor(lane: LaneId, revision: number, trustedUntilMs: number) {
    this.lane = lane;
    this.revision = revision;
    this.trustedUntilMs = trustedUntilMs;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get held(): boolean {
    return performance.now() < this.trustedUntilMs;
  }

  end(): void {
    this.#controller.abort();
  }
}

export class Leases {
  readonly #id = randomUUID();
  readonly #operator: string;
  readonly #bucket: Bucket;
  readonly #streams: Streams;
  readonly #logger: Logger;
  readonly #lanes: ReadonlyMap<string, LaneId>;
  readonly #holdings = new Map<string, Holding>();
  /** Taken or renewed without an answer: the bucket may say that they are ours. */
  readonly #uncertain = new Set<string>();
  /** Revisions of leases that the bucket says are ours though nobody here works on them. */
  readonly #ours = new Map<string, number>();
  #renewedAtMs = Number.NEGATIVE_INFINITY;
  #settled = false;
  #refusal: string | null = null;

  private constructor(
    parts: { bucket: Bucket; streams: Streams; logger: Logger },
    operator: string,
    lanes: readonly LaneId[],
  ) {
    this.#bucket = parts.bucket;
    this.#streams = parts.streams;
    this.#logger = parts.logger;
    this.#operator = operator;
    this.#lanes = new Map(lanes.map((lane) => [leaseKey(operator, lane), lane]));
  }

  /** @throws AppError `LOG_MISCONFIGURED` (fatal) if the bucket does not forget as it should. */
  static async open(
    connection: NatsConnection,
    of: { operator: string; lanes: readonly LaneId[]; logger: Logger },
  ): Promise<Leases> {
    const options = { timeoutMs: ANSWER_WITHIN_MS };
    const bucket = await Bucket.open(connection, LEASES_BUCKET, options);
    const streams = new Streams(connection, options);
    const { maxAgeMs } = await streams.state(bucketStream(LEASES_BUCKET));
    if (maxAgeMs !== LEASE_TTL_MS)
      throw new AppError(
        "LOG_MISCONFIGURED",
        "fatal",
        `bucket ${LEASES_BUCKET} keeps entries for ${maxAgeMs} ms instead of ${LEASE_TTL_MS}: npx skerry topology apply`,
      );
    return new Leases({ bucket, streams, logger: of.logger }, of.operator, of.lanes);
  }

  /** True once every lane there is has an owner, or this member has its share. */
  get settled(): boolean {
    return this.#settled;
  }

  /** The reason why leases could not be taken or renewed last; null if they could. */
  get refusal(): string | null {
    return this.#refusal;
  }

  /** Runs `work` for every lane that this member holds, until `signal` aborts. */
  async run(work: LaneWork, signal: AbortSignal): Promise<void> {
    const failed = new AbortController();
    const stop = AbortSignal.any([signal, failed.signal]);
    const watch = setInterval(() => this.#dropLapsed(), BEAT_MS / 2);
    try {
      while (!stop.aborted) {
        await this.#beat(work, failed).then(
          () => (this.#refusal = null),
          (error: unknown) => {
            if (dispositionOf(error) !== "retry") return failed.abort(error);
            this.#refusal = messageOf(error);
            this.#logger.warn(`leases not reached, will retry: ${this.#refusal}`);
          },
        );
        await sleep(BEAT_MS, stop);
      }
      await Promise.all([...this.#holdings.values()].map((holding) => this.#giveUp(holding)));
      await this.#leave();
    } finally {
      clearInterval(watch);
    }
    if (failed.signal.aborted) throw failed.signal.reason;
  }

  async #beat(work: LaneWork, failed: AbortController): Promise<void> {
    if (performance.now() - this.#renewedAtMs >= RENEW_EVERY_MS) {
      this.#renewedAtMs = performance.now();
      const member = memberKey(this.#operator, this.#id);
      await Promise.all([
        this.#bucket.put(member, hostname()),
        ...[...this.#holdings].map(([key, holding]) => this.#renew(key, holding)),
      ]);
    }
    const { taken, members } = await this.#look();
    const held = new Set(this.#holdings.keys());
    const lanes = [...this.#lanes.keys()];
    for (const key of this.#uncertain) {
      if (taken.has(key) && (await this.#isOurs(key))) taken.delete(key);
      this.#uncertain.delete(key);
    }
    const { take, giveUp } = shareChanges({ lanes, held, taken, members });
    for (const key of giveUp) {
      const holding = this.#holdings.get(key)!;
      if (!holding.signal.aborted) void this.#giveUp(holding);
    }
    await Promise.all(take.map((key) => this.#take(key, work, failed)));
    this.#settled = take.length === 0;
  }

  /** Keys in the bucket: one request, whatever the number of lanes. */
  async #look(): Promise<{ taken: Set<string>; members: number }> {
    const prefix = `$KV.${LEASES_BUCKET}.`;
    const filter = `${prefix}${this.#operator}.>`;
    const subjects = await this.#streams.subjects(bucketStream(LEASES_BUCKET), filter);
    const keys = [...subjects.keys()].map((subject) => subject.slice(prefix.length));
    const taken = new Set(keys.filter((key) => this.#lanes.has(key)));
    const member = memberKey(this.#operator, "");
    return { taken, members: keys.filter((key) => key.startsWith(member)).length };
  }

  async #take(key: string, work: LaneWork, failed: AbortController): Promise<void> {
    if (this.#holdings.has(key)) return;
    const lane = this.#lanes.get(key)!;
    const sentMs = performance.now();
    let revision: number;
    try {
      const previousSeq = this.#ours.get(key) ?? 0;
      this.#ours.delete(key);
      revision = await this.#write(key, previousSeq);
    } catch (error) {
      if (dispositionOf(error) !== "retry") throw error;
      this.#uncertain.add(key);
      this.#logger.info({ lane: laneName(lane) }, `lane not taken: ${messageOf(error)}`);
      return;
    }
    const holding = new Holding(lane, revision, sentMs + HELD_MS);
    this.#holdings.set(key, holding);
    this.#logger.info({ lane: laneName(lane) }, "lane taken");
    holding.done = work(lane, holding)
      .catch((error: unknown) => {
        failed.abort(error);
        return false;
      })
      .finally(() => this.#holdings.delete(key));
  }

  /** Writes our name behind a revision (K1). @throws also if another member was faster. */
  async #write(key: string, revision: number): Promise<number> {
    const written = await this.#bucket.replace(key, this.#id, revision);
    if (written === null)
      throw new AppError("POSITION_CONFLICT", "retry", "another member was faster");
    return written;
  }

  async #isOurs(key: string): Promise<boolean> {
    const record = await this.#bucket.get(key);
    if (!record?.data || textOf(record.data) !== this.#id) return false;
    this.#ours.set(key, record.revision);
    return true;
  }

  async #renew(key: string, holding: Holding): Promise<void> {
    if (!holding.held) return;
    const sentMs = performance.now();
    try {
      holding.revision = await this.#write(key, holding.revision);
      if (holding.held) holding.trustedUntilMs = sentMs + HELD_MS; // K2
    } catch (error) {
      if (dispositionOf(error) !== "retry") throw error;
      // The answer to an earlier renewal may have been lost: then the newer revision is ours too.
      if (await this.#isOurs(key).catch(() => false)) {
        holding.revision = this.#ours.get(key)!;
        this.#ours.delete(key);
      }
      this.#logger.warn({ lane: laneName(holding.lane) }, `lease not renewed: ${messageOf(error)}`);
    }
  }

  #dropLapsed(): void {
    for (const [key, holding] of this.#holdings) {
      if (holding.held || holding.signal.aborted) continue;
      this.#logger.warn({ lane: laneName(holding.lane) }, "lease lapsed, the lane is left");
      this.#uncertain.add(key);
      holding.end();
    }
  }

  /** Ends the work, renewing meanwhile, and deletes the lease once the lane is settled (K3). */
  async #giveUp(holding: Holding): Promise<void> {
    holding.end();
    if (!(await holding.done) || !holding.held) return;
    const stream = bucketStream(LEASES_BUCKET);
    await this.#streams.remove(stream, holding.revision).catch((error: unknown) => {
      this.#logger.warn(`a lease is left to expire: ${messageOf(error)}`);
    });
    this.#logger.info({ lane: laneName(holding.lane) }, "lane given up");
  }

  /** So that the others need not wait until this member is forgotten. */
  async #leave(): Promise<void> {
    const subject = `$KV.${LEASES_BUCKET}.${memberKey(this.#operator, this.#id)}`;
    await this.#streams.purge(bucketStream(LEASES_BUCKET), { subject }).catch(() => undefined);
  }
}
