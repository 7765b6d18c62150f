// What a process of a region takes from the hub: records that a trusted key has signed.
//
// J1. A record that does not verify changes nothing: what was valid before stays in force, over a restart too
//     where a file keeps it (kept-records.ts).
// J2. Per subject, numbers rise: an older record is none, however well it is signed.
// J3. A mark of a deletion is a record like others. One without a signature removes nothing.
// J4. Where unsigned records are still taken, none replaces a signed one.
// J5. What is to be done once and is done is remembered here, and not only in a stream that somebody may empty.
import type { Logger } from "../../runtime/logger.ts";
import type { NatsConnection } from "../client/connection.ts";
import type { LogEntry } from "../client/log-entry.ts";
import { KeptRecords } from "./kept-records.ts";
import type { RecordTrustConfig } from "./options.ts";
import { type Signature, isSignedBy, parseSignature } from "./signature.ts";
import { TrustedKeys } from "./trusted-keys.ts";

/** An entry of a stream, as far as its signature says something of it. */
export type GuardedEntry = Pick<LogEntry, "subject" | "data" | "isDeletion" | "signature">;

export class RecordGuard implements Disposable {
  readonly #keys: Pick<TrustedKeys, "get" | "ids">;
  readonly #kept: KeptRecords;
  readonly #takesUnsigned: boolean;
  readonly #logger: Logger;
  /** The last record that was verified, by stream and subject. */
  readonly #last = new Map<string, { number: number; signature: string }>();

  constructor(of: {
    readonly keys: Pick<TrustedKeys, "get" | "ids">;
    readonly kept: KeptRecords;
    readonly takesUnsigned: boolean;
    readonly logger: Logger;
  }) {
    this.#keys = of.keys;
    this.#kept = of.kept;
    this.#takesUnsigned = of.takesUnsigned;
    this.#logger = of.logger;
  }

  /** The records that were in force when the process stopped, as far as their keys are still trusted (J1). */
  *kept(stream: string): Iterable<GuardedEntry> {
    for (const { stream: of, ...entry } of this.#kept.of(stream))
      if (this.judge(of, entry) === null) yield entry;
  }

  /** Judges what is written once and ends by itself, and remembers nothing of it. @returns why it is not taken, or null. */
  verify(stream: string, entry: GuardedEntry): string | null {
    if (entry.signature === undefined) return this.#takesUnsigned ? null : "it is not signed";
    const signed = this.#signed(stream, entry, entry.signature);
    return typeof signed === "string" ? signed : null;
  }

  /** @returns why the entry is not taken, or null. */
  judge(stream: string, entry: GuardedEntry): string | null {
    const place = `${stream} ${entry.subject}`;
    const last = this.#last.get(place);
    const { signature } = entry;
    if (signature === undefined)
      return this.#takesUnsigned && !last ? null : `it is not signed${last ? OF_ONE_SIGNED : ""}`; // J4
    const signed = this.#signed(stream, entry, signature);
    if (typeof signed === "string") return signed;
    const { number } = signed;
    if (last && (number < last.number || (number === last.number && signature !== last.signature)))
      return `it is older (${number}) than the one in force (${last.number})`; // J2
    if (signature === last?.signature) return null;
    this.#last.set(place, { number, signature });
    try {
      this.#kept.put({ stream, ...entry, signature });
    } catch (error) {
      this.#logger.error({ subject: entry.subject, err: error }, "a verified record is not kept");
    }
    return null;
  }

  /** J5. @param untilMs from then on it would not be done anyway, epoch ms. */
  finish(subject: string, untilMs: number): void {
    try {
      this.#kept.finish(subject, untilMs, Date.now());
    } catch (error) {
      this.#logger.error({ subject, err: error }, "it is not remembered that this is done");
    }
  }

  isFinished(subject: string): boolean {
    return this.#kept.isFinished(subject);
  }

  #signed(stream: string, entry: GuardedEntry, text: string): Signature | string {
    const signature = parseSignature(text);
    if (!signature) return "its signature cannot be read";
    const { keyId } = signature;
    const key = this.#keys.get(keyId);
    if (!key) return `it is signed with the key ${keyId}, which is not trusted here`;
    return isSignedBy({ stream, ...entry }, signature, key)
      ? signature
      : `its signature by the key ${keyId} is not of this record at this place`;
  }

  [Symbol.dispose](): void {
    this.#kept[Symbol.dispose]();
  }
}

const OF_ONE_SIGNED = ", and the one in force is";

const guards = new WeakMap<NatsConnection, RecordGuard>();

/** The guard of what is read through a connection; none: everything is taken. */
export const guardOf = (connection: NatsConnection): RecordGuard | undefined =>
  guards.get(connection);

/** Has everything that is read of the hub's records through the connection judged by this guard. */
export const guardRecords = (connection: NatsConnection, guard: RecordGuard): void =>
  void guards.set(connection, guard);

/** Guards a connection as the options say; without keys it says once that nothing is verified. */
export function useRecordTrust(
  connection: NatsConnection,
  config: RecordTrustConfig,
  logger: Logger,
): void {
  const { trustedKeysFile, unsignedRecords, verifiedRecordsFile } = config;
  if (trustedKeysFile === "") {
    logger.info(
      "records of the hub are taken unsigned: whoever may write to a nats-server may register devices and change rules; SKERRY_TRUSTED_KEYS_FILE ends that",
    );
    return;
  }
  const keys = new TrustedKeys(trustedKeysFile, "SKERRY_TRUSTED_KEYS_FILE", logger);
  const kept = new KeptRecords(verifiedRecordsFile === "" ? ":memory:" : verifiedRecordsFile);
  if (verifiedRecordsFile === "")
    logger.warn(
      "what is verified is kept in memory alone: after a restart an older record may come in its place; SKERRY_VERIFIED_RECORDS_FILE ends that",
    );
  const takesUnsigned = unsignedRecords === "take";
  guardRecords(connection, new RecordGuard({ keys, kept, takesUnsigned, logger }));
  logger.info({ keys: keys.ids, takesUnsigned }, "records of the hub are verified");
}
