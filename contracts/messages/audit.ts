// A change that somebody made through the console, as the stream AUDIT keeps it.

import { formatProblem } from "./format.ts";

export type AuditOutcome = "done" | "refused" | "failed";

export interface AuditRecord {
  readonly v: number;
  /** Epoch ms. */
  readonly atMs: number;
  /** The name that a reverse proxy gave, or the role of the token. */
  readonly who: string;
  readonly role: string;
  /** The address that asked. */
  readonly address: string;
  /** The route in words: "Rotate a device's credential". */
  readonly action: string;
  /** `PUT /api/v1/rules/hot`; never a body, which may hold secrets. */
  readonly request: string;
  readonly outcome: AuditOutcome;
  /** The HTTP status of the answer. */
  readonly status: number;
  /** The reason for which it was refused or failed; null if it was done. */
  readonly detail: string | null;
}

export const encodeAudit = (record: AuditRecord): Uint8Array =>
  new TextEncoder().encode(JSON.stringify(record));

/** Null for what is no record. Of a newer version it is told that something was changed, and when. */
export function parseAudit(data: Uint8Array): AuditRecord | null {
  try {
    const record = JSON.parse(new TextDecoder().decode(data)) as Partial<AuditRecord>;
    if (typeof record.atMs !== "number") return null;
    const newer = formatProblem("audit record", record);
    return newer === null ? (record as AuditRecord) : unread(record, newer);
  } catch {
    return null;
  }
}

const unread = ({ v, atMs, who }: Partial<AuditRecord>, why: string): AuditRecord => ({
  ...{ v: Number(v), atMs: Number(atMs), who: String(who), role: "", address: "", request: "" },
  ...{ action: `A change that cannot be read: ${why}`, outcome: "done", status: 0, detail: null },
});
