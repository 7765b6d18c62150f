import { randomUUID } from "node:crypto";
import { type LaneId, POSITIONS_BUCKET, positionKey } from "../../../contracts/names/subjects.ts";
import { AppError, dispositionOf } from "../../runtime/errors.ts";
import { Bucket } from "../client/bucket.ts";
import type { NatsConnection } from "../client/connection.ts";
import { jsonOf, textOf } from "../client/payload.ts";

/** A bucket that does not answer is tried again, so there is no use in waiting longer. */
const ANSWER_WITHIN_MS = 2_000;

/**
 * The places of an operator in its lanes, kept in its own JetStream domain. Saved by compare-and-set, so
 * that two owners of one lane cannot both move it: the loser gets `POSITION_CONFLICT`.
 */
export class Positions<T extends object> {
  /** Written into every record, so that an owner knows its own save whose answer was lost. */
  readonly #savedBy = randomUUID();
  readonly #bucket: Bucket;
  readonly #operator: string;
  readonly #revisions = new Map<string, number>();

  private constructor(bucket: Bucket, operator: string) {
    this.#bucket = bucket;
    this.#operator = operator;
  }

  static async open<T extends object>(
    connection: NatsConnection,
    operator: string,
  ): Promise<Positions<T>> {
    const options = { timeoutMs: ANSWER_WITHIN_MS, mayCreate: true };
    return new Positions<T>(await Bucket.open(connection, POSITIONS_BUCKET, options), operator);
  }

  async load(lane: LaneId): Promise<T | null> {
    const key = positionKey(this.#operator, lane);
    const record = await this.#bucket.get(key);
    this.#revisions.set(key, record?.revision ?? 0);
    return record?.data ? jsonOf<Saved<T>>(record.data).position : null;
  }

  /** Call only after every effect up to `position` is durable. */
  async save(lane: LaneId, position: T): Promise<void> {
    const key = positionKey(this.#operator, lane);
    const expected = this.#revisions.get(key);
    if (expected === undefined) throw new Error(`position ${key} was saved before it was loaded`);
    const body = JSON.stringify({ savedBy: this.#savedBy, position } satisfies Saved<T>);
    let failure: unknown;
    try {
      const revision = await this.#bucket.replace(key, body, expected);
      if (revision !== null) return void this.#revisions.set(key, revision);
    } catch (error) {
      if (dispositionOf(error) !== "retry") throw error;
      failure = error;
    }
    await this.#settleUnknown(key, body, failure);
  }

  /**
   * A save whose answer was lost may have happened, also one before this: the client sends what it
   * held back while disconnected. So a record of our own is progress, anybody else's a conflict.
   */
  async #settleUnknown(key: string, body: string, cause: unknown): Promise<void> {
    const record = await this.#bucket.get(key).catch(() => null);
    const moved = record !== null && record.revision !== this.#revisions.get(key);
    const text = record?.data ? textOf(record.data) : null;
    if (moved && savedByOf(text) !== this.#savedBy)
      throw new AppError("POSITION_CONFLICT", "fatal", `${key} was moved by another owner`, {
        cause,
      });
    if (moved) this.#revisions.set(key, record.revision);
    if (moved && text === body) return;
    throw new AppError("NATS_UNAVAILABLE", "retry", `position ${key} could not be saved`, {
      cause,
    });
  }
}

/** The place of an operator in each lane of a region, as saved last; null where it never was. */
export async function loadPositions<T extends object>(
  connection: NatsConnection,
  operator: string,
  region: string,
  partitions: number,
): Promise<(T | null)[]> {
  const bucket = await Bucket.open(connection, POSITIONS_BUCKET);
  return Promise.all(
    Array.from({ length: partitions }, async (_, partition) => {
      const record = await bucket.get(positionKey(operator, { region, partition }));
      return record?.data ? jsonOf<Saved<T>>(record.data).position : null;
    }),
  );
}

/** The first frame that an operator still needs, lane by lane; null where it saved none yet. */
export const neededFrom = async (
  ...of: Parameters<typeof loadPositions>
): Promise<(number | null)[]> =>
  (await loadPositions<{ seq: number }>(...of)).map((position) =>
    position ? Math.floor(position.seq) : null,
  );

interface Saved<T> {
  readonly savedBy: string;
  readonly position: T;
}

/** Null for a record that somebody deleted. */
const savedByOf = (text: string | null): string | null =>
  text === null ? null : (JSON.parse(text) as Saved<unknown>).savedBy;
