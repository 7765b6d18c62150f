// Where an engine stands in a lane, and what its rules knew there.
//
// S1. The position names the snapshot that belongs to it: a snapshot counts from when the position does,
//     and a kill between the two leaves the earlier pair.
// S2. Saving goes on beside the evaluation; only the copy of the state is made in its way, at a pace that
//     all lanes share (save-pace.ts).
// S3. One save at a time: the next record is taken when the one before is written, or given up.
import {
  ALERT_STATE_BUCKET,
  type LaneId,
  PRESENCE_BUCKET,
  laneName,
  laneStateKey,
} from "../../../contracts/names/subjects.ts";
import { Bucket } from "../../../platform/nats/client/bucket.ts";
import type { NatsConnection } from "../../../platform/nats/client/connection.ts";
import {
  type ChunkedRef,
  loadChunked,
  saveChunked,
} from "../../../platform/nats/client/chunked-value.ts";
import type { LaneState } from "../../../platform/nats/lanes/lane.ts";
import { Positions } from "../../../platform/nats/lanes/positions.ts";
import { sleep } from "../../../platform/runtime/backoff.ts";
import type { SettingAside } from "../../../platform/nats/lanes/set-aside.ts";
import { dispositionOf, isOfRecord, messageOf } from "../../../platform/runtime/errors.ts";
import type { Logger } from "../../../platform/runtime/logger.ts";
import type { LaneClock } from "../lane/lane-clock.ts";
import type { LaneSnapshot } from "./lane-snapshot.ts";
import { nextCopyMs } from "./save-pace.ts";

export const ALERTING_OPERATOR = "alerting";

const ANSWER_WITHIN_MS = 2_000;
const RETRY_MS = 100;
/** A place is saved again after this time, so that a store that takes nothing is known though no frame comes. */
const AGAIN_AFTER_MS = 5_000;

/** The position up to which a lane is evaluated. */
export interface LanePlace {
  readonly seq: number;
  /** The time at which that frame was stored, epoch ms; a log that says otherwise was rolled back. */
  readonly storeMs: number | null;
  readonly lane: LaneState;
}

interface AlertingPosition extends LanePlace {
  readonly clock: LaneClock;
  readonly rules: ChunkedRef;
  readonly presence: ChunkedRef;
}

/** As it was saved; the snapshot is null where what the rules knew is lost. */
export interface SavedLane extends LanePlace {
  readonly snapshot: LaneSnapshot | null;
}

export interface LaneRecord extends LanePlace {
  readonly snapshot: LaneSnapshot;
}

export interface LaneStoreParts {
  readonly connection: NatsConnection;
  readonly setAside: Pick<SettingAside, "note">;
  /** Number of lanes that share this process. */
  readonly lanes: number;
  readonly logger: Logger;
}

export class LaneStore {
  readonly #id: LaneId;
  readonly #positions: Positions<AlertingPosition>;
  readonly #states: Bucket;
  readonly #presence: Bucket;
  readonly #lanes: number;
  readonly #logger: Logger;
  #saved: AlertingPosition | null = null;
  /** Named by a position of which it is not known whether it was saved. */
  #attempted: Pick<AlertingPosition, "rules" | "presence"> | null = null;
  #saving: Promise<void> | null = null;
  #failure: Error | null = null;
  #pauseUntilMs = 0;
  /** The last time that saving was begun, ms of `performance.now()`. */
  #triedMs = 0;
  #refusal: string | null = null;

  private constructor(
    id: LaneId,
    parts: {
      positions: Positions<AlertingPosition>;
      states: Bucket;
      presence: Bucket;
      lanes: number;
      logger: Logger;
    },
  ) {
    this.#id = id;
    this.#positions = parts.positions;
    this.#states = parts.states;
    this.#presence = parts.presence;
    this.#lanes = parts.lanes;
    this.#logger = parts.logger;
  }

  static async open(
    id: LaneId,
    { connection, setAside, lanes, logger }: LaneStoreParts,
  ): Promise<LaneStore> {
    const options = { timeoutMs: ANSWER_WITHIN_MS };
    return new LaneStore(id, {
      positions: await Positions.open<AlertingPosition>(connection, ALERTING_OPERATOR, {
        setAside,
        holdsLane: true,
      }),
      states: await Bucket.open(connection, ALERT_STATE_BUCKET, options),
      presence: await Bucket.open(connection, PRESENCE_BUCKET, options),
      lanes,
      logger,
    });
  }

  /** The reason why the last save may not have been done; null if it was. */
  get refusal(): string | null {
    return this.#refusal;
  }

  /**
   * Null if nothing was saved yet. A snapshot that is not there any more is named as an error and the
   * rules begin anew at the position: that is less than was known, and better than standing still.
   */
  async load(): Promise<SavedLane | null> {
    await this.#saving; // After a rollback: what is on its way must not come after what is read.
    const saved = await this.#positions.load(this.#id);
    this.#saved = saved;
    this.#attempted = null;
    if (!saved) return null;
    const { seq, storeMs, lane, clock } = saved;
    const name = laneStateKey(this.#id);
    try {
      const rules = await loadChunked(this.#states, name, saved.rules);
      const presence = await loadChunked(this.#presence, name, saved.presence);
      return { seq, storeMs, lane, snapshot: { rules, presence, clock } };
    } catch (error) {
      if (!isOfRecord(error)) throw error;
      const where = { lane: laneName(this.#id), seq };
      this.#logger.error({ ...where, problem: messageOf(error) }, "what rules knew is lost");
      return { seq, storeMs, lane, snapshot: null };
    }
  }

  /** Saves beside the evaluation if it is time to. @throws what an earlier save met, if that is fatal. */
  saveSoon(seq: number, take: () => LaneRecord): void {
    if (this.#failure !== null) throw this.#failure;
    if (this.#saving || seq === this.#saved?.seq || performance.now() < this.#pauseUntilMs) return;
    this.#beside(this.#save(this.#timed(take)));
  }

  /** Saves the place that is saved once more, if nothing was for a while. Nothing is taken: a frame may be under way. */
  saveAgain(): void {
    const saved = this.#saved;
    if (this.#saving || saved === null || this.#failure !== null) return;
    if (performance.now() - this.#triedMs < AGAIN_AFTER_MS) return;
    this.#beside(this.#written(() => this.#positions.save(this.#id, saved)));
  }

  #beside(saving: Promise<boolean>): void {
    this.#saving = saving
      .then(() => undefined)
      .catch((error: unknown) => {
        this.#failure = error instanceof Error ? error : new Error(String(error));
      })
      .finally(() => (this.#saving = null));
  }

  /** Saves now, and tries until it is done or `signal` aborts; once in any case. */
  async save(take: () => LaneRecord, signal: AbortSignal): Promise<void> {
    await this.#saving; // What it writes is what `take` writes into (S3).
    if (this.#failure !== null) throw this.#failure;
    const record = take();
    while (!(await this.#save(record)) && !signal.aborted) await sleep(RETRY_MS, signal);
  }

  #timed(take: () => LaneRecord): LaneRecord {
    const beganMs = performance.now();
    const record = take();
    const tookMs = performance.now() - beganMs;
    const { rules, presence } = record.snapshot;
    const lane = { lane: this.#id.partition, lanes: this.#lanes };
    const bytes = rules.length + presence.length;
    this.#pauseUntilMs = nextCopyMs(lane, { beganMs, tookMs, bytes }); // S2
    return record;
  }

  #save({ snapshot, ...place }: LaneRecord): Promise<boolean> {
    const name = laneStateKey(this.#id);
    return this.#written(async () => {
      const write = (bucket: Bucket, kind: "rules" | "presence"): Promise<ChunkedRef> => {
        const [saved, attempted] = [this.#saved?.[kind] ?? null, this.#attempted?.[kind] ?? null];
        return saveChunked(bucket, name, snapshot[kind], saved, attempted);
      };
      const rules = await write(this.#states, "rules");
      const presence = await write(this.#presence, "presence");
      const position = { ...place, clock: snapshot.clock, rules, presence };
      this.#attempted ??= position;
      await this.#positions.save(this.#id, position); // S1
      this.#saved = position;
      this.#attempted = null;
    });
  }

  /** False if it may not have been saved. */
  async #written(save: () => Promise<void>): Promise<boolean> {
    this.#triedMs = performance.now();
    try {
      await save();
      this.#refusal = null;
      return true;
    } catch (error) {
      if (dispositionOf(error) !== "retry") throw error;
      this.#refusal = messageOf(error);
      this.#logger.warn({ err: error }, "position not saved, will try again");
      return false;
    }
  }
}
