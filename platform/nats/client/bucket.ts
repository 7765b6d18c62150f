// A bucket: the newest value of each key. Errors are translated (errors.ts).
import type { KV, NatsConnection } from "nats";
import { translated, writtenOrNull } from "./errors.ts";

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
  readonly #kv: KV;

  private constructor(kv: KV) {
    this.#kv = kv;
  }

  /** @throws AppError `NATS_UNAVAILABLE` (retry) if JetStream does not answer. */
  static async open(
    connection: NatsConnection,
    name: string,
    { timeoutMs }: BucketOptions = {},
  ): Promise<Bucket> {
    const { views } = connection.jetstream(timeoutMs === undefined ? {} : { timeout: timeoutMs });
    return new Bucket(await translated(views.kv(name, { bindOnly: true })));
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
  keys(): Promise<string[]> {
    const all = async (): Promise<string[]> => {
      const keys: string[] = [];
      for await (const key of await this.#kv.keys()) keys.push(key);
      return keys;
    };
    return translated(all());
  }

  /** Everything the bucket holds now, deleted keys too. */
  records(): Promise<BucketRecord[]> {
    const all = async (): Promise<BucketRecord[]> => {
      const records: BucketRecord[] = [];
      for await (const { key, revision, operation, value } of await this.#kv.history())
        records.push({ key, revision, data: operation === "PUT" ? value : null });
      return records;
    };
    return translated(all());
  }
}
