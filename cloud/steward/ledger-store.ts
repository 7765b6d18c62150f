// What is known about differences in the ledger: bucket `ledger` at the hub, and what of it is read here.
//
// R1. A base is written by compare-and-set, and counts once it is written: of two stewards the one that comes
//     second takes what the first has stored.
// R2. What is no entry of ours is taken for none; the next base replaces it. A newer steward's is left as it is.
import type {
  LaneAcknowledged,
  LaneBase,
  LedgerAcknowledgement,
} from "../../contracts/messages/ledger.ts";
import { formatProblem } from "../../contracts/messages/format.ts";
import {
  LEDGER_BUCKET,
  type LaneId,
  laneName,
  ledgerAcknowledgedKey,
  ledgerBaseKey,
} from "../../contracts/names/subjects.ts";
import { Bucket, type BucketRecord } from "../../platform/nats/client/bucket.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { jsonOf } from "../../platform/nats/client/payload.ts";
import type { Logger } from "../../platform/runtime/logger.ts";
import type { LaneKnown } from "../insight/ledger/lane-balance.ts";

interface StoredBase {
  readonly revision: number;
  readonly base: LaneBase | null;
  /** The sentence for a base of a newer steward (R2). */
  readonly newer?: string | null;
}

const NONE: StoredBase = { revision: 0, base: null };

export class LedgerStore {
  readonly #connection: NatsConnection;
  readonly #logger: Logger;
  readonly #bases = new Map<string, StoredBase>();
  readonly #acknowledgements = new Map<string, readonly LedgerAcknowledgement[]>();

  constructor(connection: NatsConnection, logger: Logger) {
    this.#connection = connection;
    this.#logger = logger;
  }

  /** Reads everything that is stored. @throws AppError (retry) if the hub's server does not answer. */
  async load(lanes: Iterable<LaneId>): Promise<void> {
    for (const lane of lanes) {
      await this.#loadBase(lane);
      await this.refresh(lane);
    }
  }

  known(lane: LaneId): Omit<LaneKnown, "rolledBackMs"> {
    const name = laneName(lane);
    const acknowledgements = this.#acknowledgements.get(name) ?? [];
    return { base: this.#bases.get(name)?.base ?? null, acknowledgements };
  }

  /** Reads what operators have acknowledged since. */
  async refresh(lane: LaneId): Promise<void> {
    const bucket = await this.#bucket();
    const record = await bucket.get(ledgerAcknowledgedKey(lane));
    this.#acknowledgements.set(laneName(lane), acknowledgementsIn(record));
  }

  /** Stores the base of a lane (R1). */
  async save(lane: LaneId, base: LaneBase): Promise<void> {
    const name = laneName(lane);
    const before = this.#bases.get(name) ?? NONE;
    if (before.newer) return; // R2
    const bucket = await this.#bucket();
    const revision = await bucket.replace(
      ledgerBaseKey(lane),
      JSON.stringify(base),
      before.revision,
    );
    if (revision === null) {
      this.#logger.warn({ lane: name }, "the ledger's base was stored by another steward");
      return this.#loadBase(lane);
    }
    this.#bases.set(name, { revision, base });
    const step = base.steps.at(-1);
    if (step && step.atMs !== before.base?.steps.at(-1)?.atMs)
      this.#logger.warn({ lane: name, ...step }, `the ledger has another base: ${step.why}`);
  }

  async #loadBase(lane: LaneId): Promise<void> {
    const bucket = await this.#bucket();
    const record = await bucket.get(ledgerBaseKey(lane));
    const newer = formatProblem("ledger", valueOf(record));
    if (newer !== null)
      this.#logger.error({ lane: laneName(lane) }, `the ledger's base is not read: ${newer}`);
    const base = newer === null ? baseIn(record) : null;
    this.#bases.set(laneName(lane), { revision: record?.revision ?? 0, base, newer });
  }

  #bucket(): Promise<Bucket> {
    return Bucket.open(this.#connection, LEDGER_BUCKET);
  }
}

/** Null for what is no base (R2). */
function baseIn(record: BucketRecord | null): LaneBase | null {
  const base = valueOf<Partial<LaneBase>>(record);
  const isBase = [base?.beginnings, base?.difference, base?.judged].every(isObject);
  return isBase && Array.isArray(base!.steps) ? (base as LaneBase) : null;
}

/** Empty for what is no entry of ours. */
function acknowledgementsIn(record: BucketRecord | null): readonly LedgerAcknowledgement[] {
  const all = valueOf<Partial<LaneAcknowledged>>(record)?.acknowledgements ?? [];
  if (!Array.isArray(all)) return [];
  return (all as readonly LedgerAcknowledgement[]).filter(
    ({ parts, of }) => isObject(parts) && isObject(of),
  );
}

function valueOf<T>(record: BucketRecord | null): T | null {
  try {
    return record?.data ? jsonOf<T | null>(record.data) : null;
  } catch {
    return null;
  }
}

const isObject = (said: unknown): boolean => typeof said === "object" && said !== null;
