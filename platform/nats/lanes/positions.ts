import { randomUUID } from "node:crypto";
import type { KV, KvEntry, NatsConnection } from "nats";
import {
  type LaneId,
  POSITIONS_BUCKET,
  positionKey,
  reconciledKey,
  suspectKey,
} from "../../../contracts/names/subjects.ts";
import { AppError } from "../../runtime/errors.ts";

/** A bucket that does not answer is tried again, so there is no use in waiting longer. */
const ANSWER_WITHIN_MS = 2_000;

/**
 * Where an operator stands in its lanes, in its own JetStream domain. Saved by compare-and-set, so
 * that two owners of one lane cannot both move it: the loser gets `POSITION_CONFLICT`.
 */
export class Positions<T extends object> {
  /** Written into every record, so that an owner knows its own save whose answer was lost. */
  readonly #savedBy = randomUUID();
  readonly #kv: KV;
  readonly #operator: string;
  readonly #revisions = new Map<string, number>();

  private constructor(kv: KV, operator: string) {
    this.#kv = kv;
    this.#operator = operator;
  }

  static async open<T extends object>(
    connection: NatsConnection,
    operator: string,
  ): Promise<Positions<T>> {
    const jetstream = connection.jetstream({ timeout: ANSWER_WITHIN_MS });
    return new Positions<T>(await jetstream.views.kv(POSITIONS_BUCKET), operator);
  }

  async load(lane: LaneId): Promise<T | null> {
    const key = positionKey(this.#operator, lane);
    const entry: KvEntry | null = await this.#kv.get(key);
    this.#revisions.set(key, entry?.revision ?? 0);
    return entry && entry.operation === "PUT" ? entry.json<Saved<T>>().position : null;
  }

  /** Call only after every effect up to `position` is durable. */
  async save(lane: LaneId, position: T): Promise<void> {
    const key = positionKey(this.#operator, lane);
    const expected = this.#revisions.get(key);
    if (expected === undefined) throw new Error(`position ${key} was saved before it was loaded`);
    const body = JSON.stringify({ savedBy: this.#savedBy, position } satisfies Saved<T>);
    try {
      // Not `update`: it refuses revision 0, which is the first save of a lane.
      this.#revisions.set(key, await this.#kv.put(key, body, { previousSeq: expected }));
    } catch (cause) {
      await this.#settleUnknown(key, body, cause);
    }
  }

  /**
   * A save whose answer was lost may have happened, also one before this: the client sends what it
   * held back while disconnected. So a record of our own is progress, anybody else's a conflict.
   */
  async #settleUnknown(key: string, body: string, cause: unknown): Promise<void> {
    const entry = await this.#kv.get(key).catch(() => null);
    const moved = entry !== null && entry.revision !== this.#revisions.get(key);
    if (moved && entry.json<Saved<T>>().savedBy !== this.#savedBy)
      throw new AppError("POSITION_CONFLICT", "fatal", `${key} was moved by another owner`, {
        cause,
      });
    if (moved) this.#revisions.set(key, entry.revision);
    if (moved && entry.string() === body) return;
    throw new AppError("NATS_UNAVAILABLE", "retry", `position ${key} could not be saved`, {
      cause,
    });
  }
}

/** The last hour of a region that was reconciled, epoch ms; null if none was. */
export async function reconciledHour(
  connection: NatsConnection,
  region: string,
): Promise<number | null> {
  const kv = await connection.jetstream().views.kv(POSITIONS_BUCKET, { bindOnly: true });
  const entry = await kv.get(reconciledKey(region));
  return entry?.operation === "PUT" ? Number(entry.string()) : null;
}

export async function saveReconciledHour(
  connection: NatsConnection,
  region: string,
  hourMs: number,
): Promise<void> {
  const kv = await connection.jetstream().views.kv(POSITIONS_BUCKET, { bindOnly: true });
  await kv.put(reconciledKey(region), String(hourMs));
}

/** Tells the steward that a copy may hold something else than its region's log at a sequence. */
export async function suspectCopy(
  connection: NatsConnection,
  region: string,
  seq: number,
): Promise<void> {
  const kv = await connection.jetstream().views.kv(POSITIONS_BUCKET, { bindOnly: true });
  await kv.put(suspectKey(region), String(seq));
}

/** The sequence last suspected; null if none ever was. */
export async function suspectedSeq(
  connection: NatsConnection,
  region: string,
): Promise<number | null> {
  const kv = await connection.jetstream().views.kv(POSITIONS_BUCKET, { bindOnly: true });
  const entry = await kv.get(suspectKey(region));
  return entry?.operation === "PUT" ? Number(entry.string()) : null;
}

/** Where an operator stands in each lane of a region, as it saved it last; null where it never did. */
export async function loadPositions<T extends object>(
  connection: NatsConnection,
  operator: string,
  region: string,
  partitions: number,
): Promise<(T | null)[]> {
  const kv = await connection.jetstream().views.kv(POSITIONS_BUCKET, { bindOnly: true });
  return Promise.all(
    Array.from({ length: partitions }, async (_, partition) => {
      const entry = await kv.get(positionKey(operator, { region, partition }));
      return entry?.operation === "PUT" ? entry.json<Saved<T>>().position : null;
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
