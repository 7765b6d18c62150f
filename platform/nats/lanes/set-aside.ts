// Records that one process could not handle, kept in the stream of its domain, so that everything around them
// goes on.
//
// U1. Only what is wrong with the record itself is set aside. An outage is waited for, and a bug that
//     concerns no record stops the process.
// U2. Who must not go on before the record is kept (a lane behind its frame) awaits `put`. Who reads the
//     record again at the next start anyway (a bucket) calls `note`, which neither waits nor throws.
// U3. One record at one place is one, whoever meets it how often: the subject is made of its place.
import {
  type RecordPlace,
  type SetAsideBy,
  type SetAsideKind,
  type SetAsideReason,
  type SetAsideRecord,
} from "../../../contracts/messages/set-aside.ts";
import {
  bucketStream,
  setAsideFilter,
  setAsideStream,
  setAsideSubject,
} from "../../../contracts/names/subjects.ts";
import { messageOf } from "../../runtime/errors.ts";
import type { Logger } from "../../runtime/logger.ts";
import type { NatsConnection } from "../client/connection.ts";
import { type Publisher, publishUntilStored, publisherOn } from "../client/publish.ts";
import type { EntryVerdict } from "../client/follow-bucket.ts";
import { Streams } from "../client/streams.ts";

/** A larger record is not copied: it stays where it is. Base64 and its frame must fit into 1 MiB. */
const PAYLOAD_BYTES_MAX = 512 * 1024;
const DETAIL_CHARS_MAX = 2_000;
/** Notes that wait for the server; more are logged only. Their records are met again at the next start. */
const NOTES_WAITING_MAX = 1_000;
/** Places that were noted and may be mended; more are left to `skerry set-aside retry`. */
const NOTED_MAX = 10_000;

export interface Unhandled {
  readonly kind: SetAsideKind;
  readonly reason: SetAsideReason;
  /** An error, or words: what exactly is wrong. */
  readonly why: unknown;
  readonly place: RecordPlace;
  /** The record; null for one that is secret, or nowhere. */
  readonly data: Uint8Array | null;
}

export interface SetAsideParts {
  readonly connection: NatsConnection;
  /** `hub` or a region. */
  readonly domain: string;
  readonly by: SetAsideBy;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

export class SetAside {
  readonly #publisher: Publisher;
  readonly #streams: Streams;
  readonly #parts: SetAsideParts;
  /** Filters of the records that were noted and not mended since. */
  readonly #noted = new Set<string>();
  #waiting = 0;
  #count = 0;

  constructor(parts: SetAsideParts) {
    this.#publisher = publisherOn(parts.connection);
    this.#streams = new Streams(parts.connection);
    this.#parts = parts;
  }

  /** Records set aside since the start. */
  get count(): number {
    return this.#count;
  }

  /** Resolves once the record is kept; rejects only if the process is stopped before (U2). */
  async put(unhandled: Unhandled): Promise<void> {
    const { domain, by, logger, signal } = this.#parts;
    const { kind, reason, place, data } = unhandled;
    const detail = messageOf(unhandled.why).slice(0, DETAIL_CHARS_MAX);
    const atMs = Date.now();
    const bytes = data?.byteLength ?? 0;
    const isKept = data !== null && bytes <= PAYLOAD_BYTES_MAX;
    const payload = isKept ? Buffer.from(data).toString("base64") : null;
    const record: SetAsideRecord = { by, kind, reason, detail, place, atMs, bytes, payload };
    const subject = setAsideSubject({ domain, by, kind, reason, place });
    const err = unhandled.why instanceof Error && reason === "failed" ? unhandled.why : undefined;
    logger.error({ kind, reason, ...place, err }, `set aside: ${detail}`);
    this.#count += 1;
    const message = { subject, data: Buffer.from(JSON.stringify(record)) };
    await publishUntilStored(
      this.#publisher,
      { ...message, messageId: `${subject}:${atMs}` },
      signal,
    );
  }

  /** The same without waiting. */
  note(unhandled: Unhandled): void {
    const { domain, by, logger, signal } = this.#parts;
    const { kind, place } = unhandled;
    if (this.#waiting >= NOTES_WAITING_MAX) {
      this.#count += 1;
      logger.error({ kind, ...place }, `not even set aside: ${messageOf(unhandled.why)}`);
      return;
    }
    if (this.#noted.size < NOTED_MAX) this.#noted.add(setAsideFilter({ domain, by, kind, place }));
    this.#waiting += 1;
    this.put(unhandled)
      .catch((error: unknown) => {
        if (!signal.aborted) logger.error({ kind, ...place, err: error }, "not set aside");
      })
      .finally(() => (this.#waiting -= 1));
  }

  /** True if this process has noted the record at this place, and it was not mended since. */
  isNoted(kind: SetAsideKind, place: RecordPlace): boolean {
    const { domain, by } = this.#parts;
    return this.#noted.has(setAsideFilter({ domain, by, kind, place }));
  }

  /** The record at this place is right now: if this process noted it, it is no longer listed. */
  mended(kind: SetAsideKind, place: RecordPlace): void {
    if (this.#noted.size === 0) return;
    const { domain, by, logger } = this.#parts;
    const subject = setAsideFilter({ domain, by, kind, place });
    if (!this.#noted.delete(subject)) return;
    logger.info({ kind, ...place }, "the record is right now, and no longer set aside");
    this.#streams.purge(setAsideStream(domain), { subject }).catch((error: unknown) => {
      logger.warn({ kind, ...place }, `still listed as set aside: ${messageOf(error)}`);
    });
  }
}

/** The part of it that those need who set records aside. */
export type SettingAside = Pick<SetAside, "put" | "note" | "mended">;

/** Sets entries of a bucket aside that cannot be used, until they are mended. */
export const entriesSetAside =
  (
    kind: SetAsideKind,
    bucket: string,
    setAside: Pick<SettingAside, "note" | "mended">,
  ): EntryVerdict =>
  ({ subject, data }, problem, reason = "unreadable") => {
    const place = { stream: bucketStream(bucket), subject };
    if (problem === null) setAside.mended(kind, place);
    else
      setAside.note({
        kind,
        reason,
        why: problem,
        place,
        data: data.length > 0 ? data : null,
      });
  };
