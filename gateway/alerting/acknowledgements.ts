// What people have acknowledged, in this region: it comes by a bucket that is written at the hub.
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import type { Acknowledgement } from "../../contracts/messages/alert.ts";
import { inKnownFormat } from "../../contracts/messages/format.ts";
import { ACKNOWLEDGEMENTS_BUCKET } from "../../contracts/names/subjects.ts";
import {
  type BucketEntry,
  type EntryVerdict,
  followBucket,
} from "../../platform/nats/client/follow-bucket.ts";
import { messageOf } from "../../platform/runtime/errors.ts";
import type { Logger } from "../../platform/runtime/logger.ts";

const SUBJECT_PREFIX = `$KV.${ACKNOWLEDGEMENTS_BUCKET}.`;

export class Acknowledgements {
  readonly #region: string;
  readonly #logger: Logger;
  readonly #bySubject = new Map<string, Acknowledgement>();
  /** Another one after each change. */
  version = 0;

  constructor(region: string, logger: Logger) {
    this.#region = region;
    this.#logger = logger;
  }

  get all(): Iterable<Acknowledgement> {
    return this.#bySubject.values();
  }

  /** @returns what is wrong with the entry, or null. */
  apply({ subject, data }: BucketEntry): string | null {
    if (!subject.startsWith(`${SUBJECT_PREFIX}${this.#region}.`)) return null;
    try {
      if (data.length === 0) this.#bySubject.delete(subject);
      else this.#bySubject.set(subject, read(data));
    } catch (error) {
      this.#logger.error({ subject, problem: messageOf(error) }, "acknowledgement ignored");
      return messageOf(error);
    }
    this.version += 1;
    return null;
  }
}

function read(data: Uint8Array): Acknowledgement {
  const value = JSON.parse(Buffer.from(data).toString("utf8")) as Partial<Acknowledgement> | null;
  const of = inKnownFormat("acknowledgement", value);
  const { rule, key, id, by, atMs } = of ?? {};
  if (typeof rule !== "string" || typeof key !== "string" || typeof id !== "string")
    throw new Error("it names no alert");
  return { rule, key, id, by: String(by), atMs: Number(atMs) };
}

/** Resolves once everything acknowledged so far is known; follows the bucket until `signal` aborts. */
export async function openAcknowledgements(
  of: { connection: NatsConnection; region: string; logger: Logger; judged?: EntryVerdict },
  signal: AbortSignal,
): Promise<Acknowledgements> {
  const { connection, region, logger, judged } = of;
  const acknowledgements = new Acknowledgements(region, logger);
  const bucket = { connection, bucket: ACKNOWLEDGEMENTS_BUCKET, logger, judged };
  await followBucket(bucket, (entry) => acknowledgements.apply(entry), signal);
  return acknowledgements;
}
