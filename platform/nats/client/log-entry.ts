/** One JetStream message; `seq` and `storeMs` are the same in the origin and in every mirror. */
export interface LogEntry {
  readonly seq: number;
  readonly storeMs: number;
  readonly subject: string;
  readonly data: Uint8Array;
  /** True for the mark that a bucket keeps of a key that was deleted. */
  readonly isDeletion?: boolean;
  /** Time at which a record was written first, where it was written again after the hub was recovered; epoch ms. */
  readonly writtenMs?: number;
  /** The text of the header with its signature, if it has one (signed/signature.ts). */
  readonly signature?: string;
}

/** Header of a record that was written again: when it was written first, epoch ms. */
export const WRITTEN_HEADER = "Skerry-Written";

/** @param operation header `KV-Operation` of a bucket's message (NATS ADR-8), "" if it has none. */
export const isDeletionMark = (operation: string): boolean =>
  operation === "DEL" || operation === "PURGE";
