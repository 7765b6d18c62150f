import { randomUUID } from "node:crypto";
import {
  type LaneId,
  POSITIONS_BUCKET,
  bucketStream,
  positionKey,
} from "../../../contracts/names/subjects.ts";
import { formatProblem } from "../../../contracts/messages/format.ts";
import {
  type Stages,
  childrenOf,
  lanesOf,
  parentOf,
} from "../../../contracts/names/lane-stages.ts";
import { AppError, dispositionOf } from "../../runtime/errors.ts";
import { Bucket } from "../client/bucket.ts";
import type { NatsConnection } from "../client/connection.ts";
import { jsonOf, textOf } from "../client/payload.ts";
import type { SettingAside } from "./set-aside.ts";

/** A bucket that does not answer is tried again, so there is no use in waiting longer. */
const ANSWER_WITHIN_MS = 2_000;

export interface PositionsOptions {
  /** Gets records that are no positions; without it they are passed over. */
  readonly setAside?: Pick<SettingAside, "note">;
  /** True if a position holds the state of its lane, too. */
  readonly holdsLane?: boolean;
  /** The part of an operator whose places these are, where it has several. */
  readonly part?: string;
  /** The name that the operator had in an earlier release; its places are taken over. */
  readonly formerly?: string;
}

/**
 * The places of an operator in its lanes, kept in its own JetStream domain. Saved by compare-and-set, so
 * that two owners of one lane cannot both move it: the loser gets `POSITION_CONFLICT`. What is no position is
 * no owner's: it is set aside, and the next save takes its place. One of a newer version is left alone: an operator
 * that began anew instead would do again, and count again, what is done.
 */
export class Positions<T extends object> {
  /** Written into every record, so that an owner knows its own save whose answer was lost. */
  readonly #savedBy = randomUUID();
  readonly #bucket: Bucket;
  readonly #operator: string;
  readonly #options: PositionsOptions;
  readonly #revisions = new Map<string, number>();

  private constructor(bucket: Bucket, operator: string, options: PositionsOptions) {
    this.#options = options;
    this.#bucket = bucket;
    this.#operator = operator;
  }

  static async open<T extends object>(
    connection: NatsConnection,
    operator: string,
    more: PositionsOptions = {},
  ): Promise<Positions<T>> {
    const options = { timeoutMs: ANSWER_WITHIN_MS };
    return new Positions<T>(
      await Bucket.open(connection, POSITIONS_BUCKET, options),
      operator,
      more,
    );
  }

  /**
   * Null if none was saved, or if what is there is none: then the operator begins anew, which repeats work
   * and loses nothing, and the record is set aside.
   * @throws AppError `FORMAT_NEWER` (fatal) for what a newer program has saved.
   */
  async load(lane: LaneId): Promise<T | null> {
    const key = this.#keyOf(lane);
    const own = await this.#bucket.get(key);
    this.#revisions.set(key, own?.revision ?? 0);
    const { formerly } = this.#options;
    const record =
      own ?? (formerly === undefined ? null : await this.#bucket.get(positionKey(formerly, lane)));
    if (!record?.data) return null;
    refuseNewer(key, record.data);
    const { holdsLane = false } = this.#options;
    const position = positionOf<T>(record.data, holdsLane);
    if (position) return position;
    this.#aside(key, record.data, "it is no position: the operator begins anew");
    return null;
  }

  #keyOf(lane: LaneId): string {
    return positionKey(this.#operator, lane, this.#options.part);
  }

  #aside(key: string, data: Uint8Array, why: string): void {
    const subject = `$KV.${POSITIONS_BUCKET}.${key}`;
    const place = { stream: bucketStream(POSITIONS_BUCKET), subject };
    this.#options.setAside?.note({ kind: "position", reason: "unreadable", why, place, data });
  }

  /** Call only after every effect up to `position` is durable. */
  async save(lane: LaneId, position: T): Promise<void> {
    const key = this.#keyOf(lane);
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
    const isNobodys = moved && record.data !== null && savedByOf(text) === null;
    if (isNobodys) this.#aside(key, record.data, "it is no position: the next one replaces it");
    if (moved && !isNobodys && savedByOf(text) !== this.#savedBy)
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
      return record?.data ? positionOf<T>(record.data, false) : null;
    }),
  );
}

/**
 * The first frame that an operator still needs, lane by lane; null where it saved none yet. A lane that has ended needs none
 * once those that have its keys have begun: until then it holds what they begin with.
 */
export async function neededFrom(
  connection: NatsConnection,
  operator: string,
  region: string,
  stages: Stages,
): Promise<(number | null)[]> {
  const of = [connection, operator, region, lanesOf(stages)] as const;
  const positions = await loadPositions<Needing>(...of);
  return positions.map((position, lane) => {
    const children = childrenOf(stages, lane);
    if (children.length > 0 && children.every((child) => positions[child])) return Infinity;
    if (position) return Math.floor(position.ended?.seq ?? position.seq);
    return parentOf(stages, lane) === null ? null : Infinity;
  });
}

interface Needing {
  readonly seq: number;
  readonly ended?: { readonly seq: number };
}

interface Saved<T> {
  readonly savedBy: string;
  readonly position: T;
}

/** Null for a record that somebody deleted, or that nobody's program wrote. */
function savedByOf(text: string | null): string | null {
  try {
    const savedBy =
      text === null ? null : (JSON.parse(text) as Partial<Saved<unknown>> | null)?.savedBy;
    return typeof savedBy === "string" ? savedBy : null;
  } catch {
    return null;
  }
}

/** True if what was saved is a newer program's. */
export const isNewerPosition = (error: unknown): error is AppError =>
  error instanceof AppError && error.code === "FORMAT_NEWER";

function refuseNewer(key: string, data: Uint8Array): void {
  const problem = formatProblem("position", valueOrNull(data));
  if (problem !== null) throw new AppError("FORMAT_NEWER", "fatal", `position ${key}: ${problem}`);
}

function valueOrNull(data: Uint8Array): unknown {
  try {
    return jsonOf<unknown>(data);
  } catch {
    return null;
  }
}

/** Null for what is none: every position has a sequence. */
function positionOf<T extends object>(data: Uint8Array, holdsLane: boolean): T | null {
  try {
    if (formatProblem("position", jsonOf<unknown>(data)) !== null) return null;
    const { position } = jsonOf<Saved<T & { seq?: unknown; lane?: { gateways?: unknown } }>>(data);
    const { seq, lane } = position;
    const isPlace = Number.isFinite(seq) && (!holdsLane || isObject(lane?.gateways));
    return isPlace ? position : null;
  } catch {
    return null;
  }
}

const isObject = (value: unknown): boolean => typeof value === "object" && value !== null;
