// Backups in a bucket: the objects of one have its name in their keys. It is complete once it has a manifest, and none any
// more once that is gone: it is removed first.
import { MANIFEST, completeBackups } from "../manifest.ts";
import { type BackupFiles, type BackupStore, Measure } from "../store.ts";
import type { S3Client } from "./client.ts";

/** The files of a backup in a bucket. @param prefix of its keys, without a slash at the end. */
export const filesUnder = (client: S3Client, prefix: string, path: string): BackupFiles => ({
  path,
  directory: null,
  write: async (file, pieces) => {
    const measure = new Measure();
    await client.put(`${prefix}/${file}`, measured(pieces, measure));
    return measure.of(file);
  },
  read: (file) => client.get(`${prefix}/${file}`),
  size: (file) => client.size(`${prefix}/${file}`),
});

async function* measured(
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  measure: Measure,
): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    measure.take(piece);
    yield piece;
  }
}

export class S3Store implements BackupStore {
  readonly #client: S3Client;
  readonly #prefix: string;
  readonly #url: string;

  /** @param prefix empty, or one that ends in a slash. */
  constructor(client: S3Client, { prefix, url }: { prefix: string; url: string }) {
    this.#client = client;
    this.#prefix = prefix;
    this.#url = url;
  }

  complete(): Promise<string[]> {
    return this.#names(true);
  }

  unfinished(): Promise<string[]> {
    return this.#names(false);
  }

  begin(name: string): Promise<BackupFiles> {
    return Promise.resolve(filesUnder(this.#client, `${this.#prefix}${name}`, this.#pathOf(name)));
  }

  finish(name: string): Promise<string> {
    return Promise.resolve(this.#pathOf(name));
  }

  async remove(name: string): Promise<void> {
    const manifest = `${this.#prefix}${name}/${MANIFEST}`;
    await this.#client.remove(manifest);
    for (const key of await this.#client.list(`${this.#prefix}${name}/`))
      await this.#client.remove(key);
  }

  removeUnfinished(name: string): Promise<void> {
    return this.remove(name);
  }

  async #names(isComplete: boolean): Promise<string[]> {
    const found = await this.#client.list(this.#prefix, "/");
    const names = completeBackups(found.map((key) => key.slice(this.#prefix.length, -1)));
    const own: string[] = [];
    for (const name of names) {
      const size = await this.#client.size(`${this.#prefix}${name}/${MANIFEST}`);
      if ((size !== null) === isComplete) own.push(name);
    }
    return own;
  }

  #pathOf(name: string): string {
    return `${this.#url.replace(/\/$/, "")}/${name}`;
  }
}
