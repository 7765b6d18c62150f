// Who changed what: each change through the console becomes a record in the stream AUDIT.
//
// U1. A change is recorded after it was tried, with its outcome; a record that cannot be stored is logged instead,
//     and the change stands.
import { randomUUID } from "node:crypto";
import { type AuditRecord, encodeAudit, parseAudit } from "../../contracts/messages/audit.ts";
import { AUDIT_STREAM, AUDIT_SUBJECT } from "../../contracts/names/subjects.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { publishOnce, publisherOn } from "../../platform/nats/client/publish.ts";
import { readStored } from "../../platform/nats/client/stream-reader.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { messageOf } from "../../platform/runtime/errors.ts";
import type { Logger } from "../../platform/runtime/logger.ts";

export interface AuditPage {
  /** Newest first. */
  readonly records: readonly (AuditRecord & { readonly seq: number })[];
  /** The sequence to ask before for older ones; null if there are none. */
  readonly before: number | null;
}

export class AuditLog {
  readonly #connection: NatsConnection;
  readonly #logger: Logger;

  constructor(connection: NatsConnection, logger: Logger) {
    this.#connection = connection;
    this.#logger = logger;
  }

  async write(record: AuditRecord): Promise<void> {
    this.#logger.info({ audit: record }, `${record.who}: ${record.action}: ${record.outcome}`);
    const message = { subject: AUDIT_SUBJECT, data: encodeAudit(record), messageId: randomUUID() };
    try {
      await publishOnce(publisherOn(this.#connection), message);
    } catch (error) {
      this.#logger.error({ audit: record }, `a change was not recorded: ${messageOf(error)}`); // U1
    }
  }

  /** The newest records before a sequence. @throws AppError `NATS_UNAVAILABLE`. */
  async page(of: { before?: number; limit: number }): Promise<AuditPage> {
    const { firstSeq, lastSeq } = await new Streams(this.#connection).state(AUDIT_STREAM);
    const last = Math.min(lastSeq, (of.before ?? Infinity) - 1);
    const from = Math.max(firstSeq, last - of.limit + 1);
    if (last < from) return { records: [], before: null };
    const slice = { stream: AUDIT_STREAM, subject: AUDIT_SUBJECT, from };
    const records: AuditPage["records"][number][] = [];
    for await (const { seq, data } of readStored(this.#connection, slice, last)) {
      const record = parseAudit(data);
      if (record) records.unshift({ ...record, seq });
    }
    return { records, before: from > firstSeq ? from : null };
  }
}
