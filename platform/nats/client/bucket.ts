// A bucket: the newest value of each key. Errors are translated (errors.ts).
import type { KV, NatsConnection } from "nats";
import { bucketStream } from "../../../contracts/names/subjects.ts";
import { translated, writtenOrNull } from "./errors.ts";
import { readStored } from "./stream-reader.ts";

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

export class Bucket {
  readonly #connection: NatsConnection;
  readonly #name: string;
  readonly #kv: KV;

  private constructor(connection: NatsConnection, name: string, kv: KV) {
    this.#connection = connection;
    this.#name = name;
    this.#kv = kv;
  }

  /** @throws AppError `NATS_UNAVAILABLE` (retry) if JetStream does not answer. */
  static async open(
    connection: NatsConnection,
    name: string,
    { timeoutMs }: BucketOptions = {},
  ): Promise<Bucket> {
    const { views } = connection.jetstream(timeoutMs === undefined ? {} : { timeout: timeoutMs });
    return new Bucket(connection, name, await translated(views.kv(name, { bindOnly: true })));
  }

  /** Null if the key was never written. */
  async get(key: string): Promise<BucketRecord | null> {
    const entry = await translated(this.#kv.get(key));
    if (!entry) return null;
    const { revision, operation, value } = entry;
    return { key, revision, data: operation === "PUT" ? value : null };
  }

  /** Writes whatever is there. @returns the revision. */
  put(key: string, value: string | Uint8Array): Promise<number> {
    return translated(this.#kv.put(key, value));
  }

  /**
   * Writes if the key still has that revision; 0 for a key that was never written.
   * @returns the new revision, or null if somebody else wrote first.
   */
  replace(key: string, value: string | Uint8Array, revision: number): Promise<number | null> {
    // Not the library's `update`, which refuses revision 0.
    return writtenOrNull(this.#kv.put(key, value, { previousSeq: revision }));
  }

  delete(key: string): Promise<void> {
    return translated(this.#kv.delete(key));
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
