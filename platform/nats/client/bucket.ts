// A bucket: the newest value of each key. Errors are translated (errors.ts).
import type { KV, NatsConnection } from "nats";
import { COPIES_BUCKET, SIGNED_BUCKETS, bucketStream } from "../../../contracts/names/subjects.ts";
import { DELETION, sealed } from "../signed/seal.ts";
import { translated, writtenOrNull } from "./errors.ts";
import { refuseIfFenced } from "./fence.ts";
import { headersOf, publishExpecting, publisherOn } from "./publish.ts";
import { readStored } from "./stream-reader.ts";
import { Streams } from "./streams.ts";

export interface BucketRecord {
  readonly key: string;
  /** The revision that the next write may expect, so that it overwrites nothing unseen. */
  readonly revision: number;
  /** Null if the key was deleted. */
  readonly data: Uint8Array | null;
}

export interface BucketOptions {
  /** An answer that takes longer counts as none. */
  readonly timeoutMs?: number;
}

/** Buckets whose records have to reach every region: a hub that is fenced takes none (fence.ts). */
const FENCED: ReadonlySet<string> = new Set([...SIGNED_BUCKETS, COPIES_BUCKET]);
/** A look at the fence counts for this long, so that an import looks once a second. */
const FENCE_SEEN_MS = 1_000;

export class Bucket {
  #fenceSeenAtMs = -Infinity;
  readonly #connection: NatsConnection;
  readonly #name: string;
  readonly #kv: KV;
  readonly #streams: Streams;

  private constructor(
    connection: NatsConnection,
    { name, kv, streams }: { name: string; kv: KV; streams: Streams },
  ) {
    this.#connection = connection;
    this.#name = name;
    this.#kv = kv;
    this.#streams = streams;
  }

  /** @throws AppError `NATS_UNAVAILABLE` (retry) if JetStream does not answer. */
  static async open(
    connection: NatsConnection,
    name: string,
    { timeoutMs }: BucketOptions = {},
  ): Promise<Bucket> {
    const { views } = connection.jetstream(timeoutMs === undefined ? {} : { timeout: timeoutMs });
    const kv = await translated(views.kv(name, { bindOnly: true }));
    const streams = new Streams(connection, timeoutMs === undefined ? {} : { timeoutMs });
    return new Bucket(connection, { name, kv, streams });
  }

  /** Null if the key was never written. In a cluster the leader says so: another replica may lag behind a write. */
  async get(key: string): Promise<BucketRecord | null> {
    const subject = this.#subjectOf(key);
    const found = await this.#streams.newest(bucketStream(this.#name), subject);
    if (found?.subject !== subject) return null;
    return { key, revision: found.seq, data: found.isDeletion ? null : found.data };
  }

  /** Writes whatever is there. @returns the revision. @throws AppError `CONFIG_INVALID` at a hub that is fenced. */
  async put(key: string, value: string | Uint8Array): Promise<number> {
    await this.refuseIfFenced();
    if (!this.#isSigned) return translated(this.#kv.put(key, value));
    const message = await this.#message(key, value);
    const { subject, data, ...options } = message;
    return (await translated(publisherOn(this.#connection).publish(subject, data, options))).seq;
  }

  /**
   * Writes if the key still has that revision; 0 for a key that was never written.
   * @returns the new revision, or null if somebody else wrote first.
   * @throws AppError `CONFIG_INVALID` at a hub that is fenced.
   */
  async replace(key: string, value: string | Uint8Array, revision: number): Promise<number | null> {
    await this.refuseIfFenced();
    // Not the library's `update`, which refuses revision 0.
    if (!this.#isSigned) return writtenOrNull(this.#kv.put(key, value, { previousSeq: revision }));
    const message = await this.#message(key, value);
    return publishExpecting(publisherOn(this.#connection), message, { ofSubject: revision });
  }

  async delete(key: string): Promise<void> {
    await this.refuseIfFenced();
    if (!this.#isSigned) return translated(this.#kv.delete(key));
    const place = { stream: bucketStream(this.#name), subject: this.#subjectOf(key) };
    const record = { ...place, data: new Uint8Array(), isDeletion: true };
    const mark = (await sealed(this.#connection, record)) ?? headersOf(DELETION);
    const { subject, data } = record;
    await translated(publisherOn(this.#connection).publish(subject, data, { headers: mark }));
  }

  get #isSigned(): boolean {
    return SIGNED_BUCKETS.has(this.#name);
  }

  #subjectOf(key: string): string {
    return `$KV.${this.#name}.${key}`;
  }

  async #message(key: string, value: string | Uint8Array) {
    const data = typeof value === "string" ? Buffer.from(value) : value;
    const record = { stream: bucketStream(this.#name), subject: this.#subjectOf(key), data };
    const signature = await sealed(this.#connection, record);
    return { subject: record.subject, data, ...(signature && { headers: signature }) };
  }

  /** Refuses a change before it reads anything. @throws AppError `CONFIG_INVALID` at a hub that is fenced. */
  async refuseIfFenced(): Promise<void> {
    const nowMs = performance.now();
    if (!FENCED.has(this.#name) || nowMs - this.#fenceSeenAtMs < FENCE_SEEN_MS) return;
    await refuseIfFenced(this.#connection);
    this.#fenceSeenAtMs = nowMs;
  }

  /** Keys that have a value now. */
  async keys(): Promise<string[]> {
    return (await this.records()).filter(({ data }) => data !== null).map(({ key }) => key);
  }

  /** Everything the bucket holds now, deleted keys too. */
  async records(): Promise<BucketRecord[]> {
    const records: BucketRecord[] = [];
    const prefix = `$KV.${this.#name}.`;
    const slice = { stream: bucketStream(this.#name), subject: `${prefix}>`, from: 1 };
    for await (const { subject, seq, data, isDeletion } of readStored(this.#connection, slice))
      records.push({
        key: subject.slice(prefix.length),
        revision: seq,
        data: isDeletion ? null : data,
      });
    return records;
  }
}
