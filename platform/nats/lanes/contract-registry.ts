// The contracts of an installation: shipped schemas, and bucket `contracts`, which is written at the
// hub and mirrored into every region, so that it can be read with the WAN down.
//
// R1. `openContractRegistry` resolves only after everything that the bucket holds is known.
// R2. A version is immutable: what is known first stays; other content under its name is an error.
// R3. An entry that cannot be used is logged as an error and costs no other one.
import {
  Catalog,
  type SchemaFile,
  compileFile,
  readSchemas,
} from "../../../contracts/schema/catalog.ts";
import { inKnownFormat } from "../../../contracts/messages/format.ts";
import { isSameSchema } from "../../../contracts/schema/compatibility.ts";
import { CONTRACTS_BUCKET, bucketStream } from "../../../contracts/names/subjects.ts";
import { AppError, messageOf } from "../../runtime/errors.ts";
import type { Logger } from "../../runtime/logger.ts";
import type { NatsConnection } from "../client/connection.ts";
import { type EntryVerdict, followBucket } from "../client/follow-bucket.ts";
import type { LogEntry } from "../client/log-entry.ts";
import { Streams } from "../client/streams.ts";

const SUBJECT_PREFIX = `$KV.${CONTRACTS_BUCKET}.`;
/** Every version there is. */
export const CONTRACT_SUBJECTS = `${SUBJECT_PREFIX}>`;
const KEY = /^([a-z][a-z0-9_-]{0,63})\.v([1-9]\d{0,8})$/;

/** The value of a key `{name}.v{n}`. */
export interface PublishedContract {
  readonly schema: object;
  readonly publishedAtMs: number;
  /** Compared with every earlier version in this mode before it was written. */
  readonly mode: string;
  /** The reason, with mode NONE, for which it may break earlier versions. */
  readonly reason?: string;
}

/** The subject of a version: what the bucket calls `{name}.v{n}`. */
export const contractSubject = (name: string, version: number): string =>
  `${SUBJECT_PREFIX}${name}.v${version}`;

/** Asks the bucket itself whether it holds a version: what follows it may be behind. */
export async function isPublished(
  connection: NatsConnection,
  { contract, version }: { readonly contract: string; readonly version: number },
): Promise<boolean> {
  const subject = contractSubject(contract, version);
  if (parseContractSubject(subject) === null) return false;
  const entry = await new Streams(connection).newest(bucketStream(CONTRACTS_BUCKET), subject);
  return entry !== null && entry.data.length > 0;
}

/** An entry of the bucket; `published` is null for one that was deleted. */
export interface ContractEntry extends Pick<SchemaFile, "name" | "version"> {
  readonly published: PublishedContract | null;
}

/** The version that a subject of the bucket is for; null if it is for none. */
export function parseContractSubject(subject: string): Pick<SchemaFile, "name" | "version"> | null {
  const [, name, version] = KEY.exec(subject.slice(SUBJECT_PREFIX.length)) ?? [];
  return name === undefined ? null : { name, version: Number(version) };
}

/** @throws Error saying what is wrong with the entry. */
export function parseContractEntry({
  subject,
  data,
}: Pick<LogEntry, "subject" | "data">): ContractEntry {
  const id = parseContractSubject(subject);
  if (!id) throw new Error(`a key is {name}.v{number}`);
  if (data.length === 0) return { ...id, published: null };
  const value = JSON.parse(Buffer.from(data).toString("utf8")) as PublishedContract | null;
  const published = inKnownFormat("contract", value);
  if (typeof published?.schema !== "object" || (published.schema as object | null) === null)
    throw new Error("the value holds no schema");
  return { ...id, published };
}

export interface RegistryParts {
  /** A connection to the region's nats-server, or to the hub's. */
  readonly connection: NatsConnection;
  readonly shippedDirectory: string;
  readonly logger: Logger;
  readonly judged?: EntryVerdict;
}

/**
 * Knows what is shipped and what is published, waiting for the nats-server as long as `signal`
 * allows, and follows what is published until `signal` aborts: the catalog that it returns grows.
 *
 * @throws AppError `CONTRACT_INVALID` (fatal) if a shipped schema is; `NATS_UNAVAILABLE` if aborted.
 */
export async function openContractRegistry(
  { connection, shippedDirectory, logger, judged }: RegistryParts,
  signal: AbortSignal,
): Promise<Catalog> {
  const registry = new ContractRegistry(logger);
  registry.addShipped(shippedDirectory);
  const of = { connection, bucket: CONTRACTS_BUCKET, logger, judged };
  await followBucket(of, (entry) => registry.apply(entry), signal); // R1
  return registry.catalog;
}

/** The contracts that are known; fed with the shipped directory and with entries of the bucket. */
export class ContractRegistry {
  readonly catalog = new Catalog([]);
  readonly #schemas = new Map<string, object>();
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** @throws AppError `CONTRACT_INVALID` naming the file at fault. */
  addShipped(directory: string): void {
    try {
      for (const file of readSchemas(directory)) this.#add(file);
    } catch (cause) {
      throw new AppError("CONTRACT_INVALID", "fatal", messageOf(cause), { cause });
    }
  }

  /** @returns what is wrong with the entry, or null. */
  apply(entry: Pick<LogEntry, "subject" | "data">): string | null {
    const key = entry.subject.slice(SUBJECT_PREFIX.length);
    try {
      const { name, version, published } = parseContractEntry(entry);
      if (published === null) {
        const known = this.catalog.get(name, version) !== undefined;
        // Readings of it may be in any log: forgetting it would stop their lanes.
        this.#logger.warn({ contract: key, known }, "a contract was deleted from the bucket");
        return null;
      }
      const file = { name, version, schema: published.schema, path: `bucket ${CONTRACTS_BUCKET}` };
      if (this.#add(file)) this.#logger.info({ contract: key }, "contract known");
      return null;
    } catch (error) {
      this.#logger.error({ contract: key, problem: messageOf(error) }, "contract ignored"); // R3
      return messageOf(error);
    }
  }

  /** False if it was known already, with the same content. */
  #add(file: SchemaFile): boolean {
    const key = `${file.name}.v${file.version}`;
    const known = this.#schemas.get(key);
    if (known && isSameSchema(known, file.schema)) return false;
    if (known)
      throw new Error(`${file.path}: it differs from ${key} as known here: versions are immutable`); // R2
    this.catalog.add(compileFile(file));
    this.#schemas.set(key, file.schema);
    return true;
  }
}
