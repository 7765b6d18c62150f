// Compares what devices saw acknowledged with the regions' logs, content included.
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { frameOrNull } from "../../contracts/messages/frame.ts";
import { contentHash } from "../../contracts/messages/reading.ts";
import { telemetryFilter, telemetryStream } from "../../contracts/names/subjects.ts";
import type { LedgerEntry } from "../../device-sim/ledger.ts";
import { readSlice } from "../../platform/nats/client/stream-reader.ts";
import type { Logger } from "../../platform/runtime/logger.ts";

const keyOf = (of: { region: string; device: string; contract: string; hash: string }): string =>
  `${of.region}\n${of.device}\n${of.contract}\n${of.hash}`;

/** Adds every reading of these frames of a region's log to `into`. */
export async function readLog(
  connection: NatsConnection,
  { region, range }: { region: string; range: { from: number; to: number } },
  into: Set<string>,
  logger: Logger,
): Promise<void> {
  if (range.to < range.from) return;
  const subject = telemetryFilter(region);
  const slice = { stream: telemetryStream(region), subject, from: range.from };
  const enough = new AbortController();
  for await (const { seq, data } of readSlice(connection, slice, logger, enough.signal)) {
    for (const { device, contract, payload } of frameOrNull(data)?.readings ?? [])
      into.add(keyOf({ region, device, contract, hash: contentHash(payload) }));
    if (seq >= range.to) break;
  }
  enough.abort();
}

/** Acknowledged readings that the log does not hold. */
export async function countMissing(
  ledger: AsyncIterable<LedgerEntry>,
  inLog: ReadonlySet<string>,
): Promise<number> {
  const missing = new Set<string>();
  for await (const entry of ledger) if (!inLog.has(keyOf(entry))) missing.add(keyOf(entry));
  return missing.size;
}
