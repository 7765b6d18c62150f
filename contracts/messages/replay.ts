// What `skerry rejects replay` and `skerry set-aside retry` ask on `replay.{region}.gateway` and what one gateway of the
// region answers. The request names a reject, or a frame, and carries none of it: what is admitted is what was kept.

export interface ReplayRequest {
  /** Sequence of the reject in `REJECTS_{region}`; of the frame in `TELEMETRY_{region}`. */
  readonly seq: number;
  /** A reject without it. */
  readonly of?: "frame";
  /** One reading of the frame, by its place in it; all of them without it. */
  readonly part?: number;
  /** Only say what would happen. */
  readonly dryRun: boolean;
}

export interface ReplayAnswer {
  readonly seq: number;
  /**
   * `stored`: all its readings are in the log and the reject is done. `partly`: some are; the reject
   * now names only the rest. `rejected`: refused again. `gone`: there is no such reject (any more).
   * `failed`: nothing can be said; asking again is harmless.
   * In a dry run the first three say what would happen.
   */
  readonly outcome: "stored" | "partly" | "rejected" | "gone" | "failed";
  /** Readings that were (or would be) stored. */
  readonly readings: number;
  readonly detail: string;
}

/** A gateway that reads a request, or null for anything else. */
export function parseReplayRequest(data: Uint8Array): ReplayRequest | null {
  try {
    const { seq, dryRun, of, part } = JSON.parse(
      Buffer.from(data).toString("utf8"),
    ) as ReplayRequest;
    if (!Number.isSafeInteger(seq) || seq <= 0 || typeof dryRun !== "boolean") return null;
    if (of !== "frame") return of === undefined ? { seq, dryRun } : null;
    return { seq, dryRun, of, ...(Number.isSafeInteger(part) ? { part: part! } : {}) };
  } catch {
    return null;
  }
}
