// A change that somebody made through the console, as the stream AUDIT keeps it.

export type AuditOutcome = "done" | "refused" | "failed";

export interface AuditRecord {
  readonly v: 1;
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

/** Null for what is no record of this version. */
export function parseAudit(data: Uint8Array): AuditRecord | null {
  try {
    const record = JSON.parse(new TextDecoder().decode(data)) as Partial<AuditRecord>;
    return record.v === 1 && typeof record.atMs === "number" ? (record as AuditRecord) : null;
  } catch {
    return null;
  }
}
